/*
 * finding.c - putting a finding together, and the order of several.
 */
#include "analyzer/finding.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SENTENCE_BYTES 1024

void finding_say(struct finding *finding, struct pool *pool, const char *format, ...)
{
	char sentence[SENTENCE_BYTES];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	*sentence = (char)toupper((unsigned char)*sentence);
	*(const char **)rows_add(&finding->evidence, pool) = pool_text(pool, sentence);
}

const struct dump_thread *finding_thread(const struct rows *threads, size_t index)
{
	return ((const struct dump_thread *const *)threads->items)[index];
}

struct verdict finding_verdict(const struct finding *finding)
{
	return (struct verdict){
		.word = finding->word,
		.certainty = finding->certainty,
		.evidence = finding->evidence.items,
		.evidence_count = finding->evidence.count,
	};
}

bool finding_accuses(const struct finding *finding)
{
	return strcmp(finding->certainty, CERTAINTY_NONE) != 0;
}

bool finding_is_told(const struct finding *finding)
{
	return finding_accuses(finding) || !strcmp(finding->word, "recovered");
}

struct measured finding_stack_bytes(const struct finding *finding)
{
	struct measured bytes = {0};
	if (finding->unjoined)
		return finding->unjoined->stack_bytes;
	for (size_t i = 0; i < finding->threads.count; i++) {
		const struct dump_thread *thread = finding_thread(&finding->threads, i);
		bytes.known |= thread->stack_bytes.known;
		bytes.value += thread->stack_bytes.value;
	}
	return bytes;
}

static int certainty_rank(const char *certainty)
{
	if (!strcmp(certainty, CERTAINTY_PROVEN))
		return 0;
	return strcmp(certainty, CERTAINTY_LIKELY) ? 2 : 1;
}

bool finding_precedes(const struct finding *one, const struct finding *other)
{
	int order = certainty_rank(one->certainty) - certainty_rank(other->certainty);
	if (order)
		return order < 0;
	if (one->foremost != other->foremost)
		return one->foremost;
	return one->count > other->count;
}

/* By insertion: stable, and there are a few dozen at most. */
void findings_sort(struct findings *findings)
{
	for (size_t i = 1; i < findings->count; i++) {
		struct finding *moved = findings->list[i];
		size_t at = i;
		for (; at && finding_precedes(moved, findings->list[at - 1]); at--)
			findings->list[at] = findings->list[at - 1];
		findings->list[at] = moved;
	}
}
