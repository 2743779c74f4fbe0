/*
 * scopes.c - the scopes of all members, counted.
 */
#include "analyzer/scopes.h"
#include "analyzer/utf8.h"

#include <stdlib.h>
#include <string.h>

#define TOLD 3

struct tally {
	const char *scope;
	uint64_t count;
};

static void scope_put(struct rows *scopes, struct pool *pool, const char *scope)
{
	if (scope)
		*(const char **)rows_add(scopes, pool) = scope;
}

static void scopes_collect(struct rows *scopes, struct pool *pool, const struct finding *finding)
{
	for (size_t i = 0; i < finding->threads.count; i++)
		scope_put(scopes, pool, finding_thread(&finding->threads, i)->scope);
	for (size_t i = 0; finding->unjoined && i < finding->unjoined->count; i++)
		scope_put(scopes, pool, finding->unjoined->threads[i]->scope);
	for (size_t i = 0; finding->timers && i < finding->timers->count; i++)
		scope_put(scopes, pool, finding->timers->timers[i]->scope);
}

static int scope_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int tally_compare(const void *a, const void *b)
{
	const struct tally *one = a, *other = b;
	if (one->count != other->count)
		return one->count < other->count ? 1 : -1;
	return strcmp(one->scope, other->scope);
}

/* The names, sorted, become one tally each. */
static void scopes_count(struct rows *tallies, struct pool *pool, const struct rows *scopes)
{
	const char **names = scopes->items;
	struct tally *tally = NULL;
	qsort(names, scopes->count, sizeof(*names), scope_compare);
	for (size_t i = 0; i < scopes->count; i++) {
		if (!tally || strcmp(tally->scope, names[i]) != 0) {
			tally = rows_add(tallies, pool);
			tally->scope = names[i];
		}
		tally->count++;
	}
	qsort(tallies->items, tallies->count, sizeof(*tally), tally_compare);
}

static const char *tallies_words(struct pool *pool, const struct rows *tallies)
{
	const struct tally *tally = tallies->items;
	const char *words = "";
	for (size_t i = 0; i < tallies->count && i < TOLD; i++)
		words = pool_print(pool, "%s%s%s (%lu)", words, i ? ", " : "",
			utf8_printable(pool, tally[i].scope), (unsigned long)tally[i].count);
	if (tallies->count > TOLD)
		words = pool_print(pool, "%s and %zu more", words, tallies->count - TOLD);
	return words;
}

/* NULL for none. count is of all members, in a scope or not. */
static const char *scopes_words(struct pool *pool, const struct rows *scopes, uint64_t count)
{
	struct rows tallies = {.item_bytes = sizeof(struct tally)};
	if (!scopes->count)
		return NULL;
	scopes_count(&tallies, pool, scopes);
	const struct tally *first = tallies.items;
	if (first->count == count)
		return utf8_printable(pool, first->scope);
	return tallies_words(pool, &tallies);
}

const char *scopes_of_finding(struct pool *pool, const struct finding *finding)
{
	struct rows scopes = {.item_bytes = sizeof(const char *)};
	scopes_collect(&scopes, pool, finding);
	return scopes_words(pool, &scopes, finding->count);
}

const char *scopes_of_group(struct pool *pool, const struct group *group)
{
	struct rows scopes = {.item_bytes = sizeof(const char *)};
	for (size_t i = 0; i < group->thread_count; i++)
		scope_put(&scopes, pool, group->threads[i]->scope);
	return scopes_words(pool, &scopes, group->count);
}
