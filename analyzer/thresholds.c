/*
 * thresholds.c - thresholds from text.
 */
#include "analyzer/thresholds.h"
#include "analyzer/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS   1000000000ul
#define SECONDS_MAX (366ul * 24 * 3600)
#define COUNT_MAX   1000000000ul
#define ITEM_BYTES  128

enum unit { COUNT, SECONDS };

static const uint64_t units[] = {[COUNT] = 1, [SECONDS] = SECOND_NS};

const struct thresholds thresholds_default = {
#define THRESHOLD(member, name, unit, value) .member = (value) * (unit == SECONDS ? SECOND_NS : 1),
#include "analyzer/thresholds.def"
#undef THRESHOLD
};

struct row {
	const char *name;
	enum unit unit;
	size_t offset;
};

static const struct row rows[] = {
#define THRESHOLD(member, name, unit, value) {name, unit, offsetof(struct thresholds, member)},
#include "analyzer/thresholds.def"
#undef THRESHOLD
};

static const struct row *row_find(const char *name, size_t bytes)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (strlen(rows[i].name) == bytes && !memcmp(rows[i].name, name, bytes))
			return &rows[i];
	return NULL;
}

static int refuse(struct complaint *complaint, const char *item, const char *why)
{
	snprintf(complaint->words, COMPLAINT_BYTES, "threshold %.100s: %s", item, why);
	return -1;
}

static int item_set(struct thresholds *thresholds, const char *item, struct complaint *complaint)
{
	size_t bytes = strcspn(item, "=");
	const struct row *row = row_find(item, bytes);
	uint64_t value;
	if (!row)
		return refuse(
			complaint, item, "there is none of that name; see leakwatch-report(1)");
	if (item[bytes] != '=' ||
		number_parse(item + bytes + 1, row->unit == SECONDS ? SECONDS_MAX : COUNT_MAX,
			&value) < 0)
		return refuse(complaint, item, "not a whole number in its bounds");
	*(uint64_t *)((char *)thresholds + row->offset) = value * units[row->unit];
	return 0;
}

int thresholds_set(struct thresholds *thresholds, const char *text, struct complaint *complaint)
{
	char item[ITEM_BYTES];
	while (*text) {
		size_t bytes = strcspn(text, ",");
		if (bytes >= sizeof(item))
			return refuse(complaint, text, "too long");
		memcpy(item, text, bytes);
		item[bytes] = '\0';
		if (item_set(thresholds, item, complaint))
			return -1;
		text += bytes + (text[bytes] == ',');
	}
	return 0;
}

int thresholds_get(struct thresholds *thresholds, struct complaint *complaint)
{
	const char *text = getenv("LEAKWATCH_THRESHOLDS");
	*thresholds = thresholds_default;
	return text ? thresholds_set(thresholds, text, complaint) : 0;
}
