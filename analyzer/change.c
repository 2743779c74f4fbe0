/*
 * change.c - compares groups by key, so that addresses do not matter.
 */
#include "analyzer/change.h"
#include "analyzer/words.h"

#include <string.h>

bool change_same_process(const struct dump *one, const struct dump *other)
{
	return one->pid.known && other->pid.known && one->pid.value == other->pid.value &&
	       one->start_ticks.known && other->start_ticks.known &&
	       one->start_ticks.value == other->start_ticks.value && one->comm && other->comm &&
	       !strcmp(one->comm, other->comm);
}

uint64_t change_count_then(const struct change *change, const struct group *group)
{
	const struct group *then = groups_find(change->groups, group);
	return then ? then->count : 0;
}

const char *change_sign(struct pool *pool, uint64_t now, uint64_t then)
{
	if (now < then)
		return pool_print(pool, "-%lu", (unsigned long)(then - now));
	return pool_print(pool, "+%lu", (unsigned long)(now - then));
}

const char *change_since_words(
	struct pool *pool, const struct change *change, const struct dump *now)
{
	const struct dump *since = change->since;
	const char *words = "the dump before";
	if (since->sequence.known)
		words = pool_print(pool, "dump %lu", (unsigned long)since->sequence.value);
	if (!since->time_ns.known || !now->time_ns.known ||
		now->time_ns.value < since->time_ns.value)
		return words;
	return pool_print(pool, "%s (%s before)", words,
		words_of_duration(pool, now->time_ns.value - since->time_ns.value));
}

const struct group **change_gone(
	const struct change *change, const struct groups *now, struct pool *pool, size_t *count)
{
	const struct group **gone = pool_array(pool, change->groups->count + 1, sizeof(*gone));
	*count = 0;
	for (size_t i = 0; i < change->groups->count; i++)
		if (!groups_find(now, change->groups->list[i]))
			gone[(*count)++] = change->groups->list[i];
	return gone;
}
