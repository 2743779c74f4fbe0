/*
 * words.c - the words of waits.def and its like, and durations, times and counts in plain English.
 */
#include "analyzer/words.h"

#include <string.h>
#include <time.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

struct word {
	const char *word, *words;
};

static const struct word waits[] = {
#define WAIT(enumerator, word, object, words) {word, words},
#include "preload/contract/waits.def"
#undef WAIT
};

static const struct word losses[] = {
#define LOSS(enumerator, word, words) {word, words},
#include "preload/contract/losses.def"
#undef LOSS
};

static const struct word reasons[] = {
#define REASON(enumerator, word, words) {word, words},
#include "preload/contract/reasons.def"
#undef REASON
};

static const struct word links[] = {
#define LINK(enumerator, word, words) {word, words},
#include "preload/contract/links.def"
#undef LINK
};

static const char *words_find(const struct word *list, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i].word, word))
			return list[i].words;
	return NULL;
}

const char *words_of_wait(struct pool *pool, const char *wait)
{
	const char *words = words_find(waits, COUNT(waits), wait);
	return words ? words : pool_print(pool, "in %s", wait);
}

const char *words_of_loss(const char *cause)
{
	const char *words = words_find(losses, COUNT(losses), cause);
	return words ? words : cause;
}

const char *words_of_reason(const char *reason)
{
	const char *words = words_find(reasons, COUNT(reasons), reason);
	return words ? words : reason;
}

const char *words_of_link(const char *link)
{
	const char *words = words_find(links, COUNT(links), link);
	return words ? words : link;
}

static const struct unit {
	const char *name;
	uint64_t ns;
} units[] = {
	{"d", 86400000000000},
	{"h", 3600000000000},
	{"min", 60000000000},
	{"s", 1000000000},
	{"ms", 1000000},
};

const char *words_of_duration(struct pool *pool, uint64_t ns)
{
	size_t first = 0;
	while (first < COUNT(units) && ns < units[first].ns)
		first++;
	if (first == COUNT(units))
		return ns ? "under 1 ms" : "0 s";

	uint64_t whole = ns / units[first].ns;
	const char *name = units[first].name;
	/* Seconds are the resolution of ages: nothing smaller is told beside them. */
	if (first >= 3 || whole >= 10)
		return pool_print(pool, "%lu %s", (unsigned long)whole, name);
	uint64_t rest = ns % units[first].ns / units[first + 1].ns;
	if (!rest)
		return pool_print(pool, "%lu %s", (unsigned long)whole, name);
	return pool_print(pool, "%lu %s %lu %s", (unsigned long)whole, name, (unsigned long)rest,
		units[first + 1].name);
}

const char *words_of_time(struct pool *pool, uint64_t ns)
{
	char text[64];
	struct tm fields;
	time_t seconds = (time_t)(ns / 1000000000);
	if (!gmtime_r(&seconds, &fields) ||
		!strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &fields))
		return "an impossible time";
	return pool_text(pool, text);
}

const char *words_of_bytes(struct pool *pool, uint64_t bytes)
{
	static const char *const names[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
	size_t power = 0;
	while (bytes >= 10240 && power + 1 < COUNT(names)) {
		bytes /= 1024;
		power++;
	}
	/* 8 MiB is clearer than 8192 KiB; so are all round numbers. */
	while (bytes >= 1024 && bytes % 1024 == 0 && power + 1 < COUNT(names)) {
		bytes /= 1024;
		power++;
	}
	return pool_print(pool, "%lu %s", (unsigned long)bytes, names[power]);
}

const char *words_of_count(struct pool *pool, uint64_t count, const char *noun)
{
	return pool_print(pool, "%lu %s%s", (unsigned long)count, noun, count == 1 ? "" : "s");
}
