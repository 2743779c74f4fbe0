/*
 * remains.c - unjoined threads and timers, sorted so that equals stand together, then cut into groups.
 */
#include "analyzer/remains.h"

#include <stdlib.h>
#include <string.h>

static int number_compare(uint64_t one, uint64_t other)
{
	return (one > other) - (one < other);
}

static int measured_compare(struct measured one, struct measured other)
{
	int order = (int)one.known - (int)other.known;
	return order ? order : number_compare(one.value, other.value);
}

static void oldest_note(struct measured *oldest_ns, struct measured since_ns)
{
	if (since_ns.known && (!oldest_ns->known || since_ns.value > oldest_ns->value))
		*oldest_ns = since_ns;
}

/* --- unjoined threads ----------------------------------------------------------------------------- */

static int unjoined_alike(const struct dump_unjoined *one, const struct dump_unjoined *other)
{
	int order = measured_compare(one->creator, other->creator);
	return order ? order : measured_compare(one->start, other->start);
}

static int unjoined_compare(const void *a, const void *b)
{
	const struct dump_unjoined *one = *(const struct dump_unjoined *const *)a;
	const struct dump_unjoined *other = *(const struct dump_unjoined *const *)b;
	int order = unjoined_alike(one, other);
	return order ? order : number_compare(one->line, other->line);
}

static int unjoined_group_compare(const void *a, const void *b)
{
	const struct unjoined_group *one = a, *other = b;
	int order = number_compare(other->count, one->count);
	return order ? order : number_compare(one->threads[0]->line, other->threads[0]->line);
}

static void unjoined_group_add(struct unjoined_group *group, const struct dump_unjoined *thread)
{
	group->count++;
	oldest_note(&group->oldest_ns, thread->since_ns);
	if (thread->stack_bytes.known) {
		group->stack_bytes.known = true;
		group->stack_bytes.value += thread->stack_bytes.value;
	}
}

static void unjoined_find(const struct dump *dump, struct pool *pool, struct remains *remains)
{
	size_t count = dump->unjoined_count;
	const struct dump_unjoined **threads = pool_array(pool, count + 1, sizeof(*threads));
	struct rows groups = {.item_bytes = sizeof(struct unjoined_group)};
	struct unjoined_group *group = NULL;
	for (size_t i = 0; i < count; i++)
		threads[i] = &dump->unjoined[i];
	qsort(threads, count, sizeof(*threads), unjoined_compare);
	for (size_t i = 0; i < count; i++) {
		if (!group || unjoined_alike(group->threads[0], threads[i])) {
			group = rows_add(&groups, pool);
			group->creator = threads[i]->created_by;
			group->start = threads[i]->start;
			group->threads = &threads[i];
			group->verdict = VERDICT_NONE;
		}
		unjoined_group_add(group, threads[i]);
	}
	if (groups.count)
		qsort(groups.items, groups.count, groups.item_bytes, unjoined_group_compare);
	remains->unjoined = groups.items;
	remains->unjoined_count = groups.count;
}

/* --- timers --------------------------------------------------------------------------------------- */

static int timers_alike(const struct dump_timer *one, const struct dump_timer *other)
{
	int order = measured_compare(one->creator, other->creator);
	return order ? order : strcmp(one->kind ? one->kind : "", other->kind ? other->kind : "");
}

static int timer_compare(const void *a, const void *b)
{
	const struct dump_timer *one = *(const struct dump_timer *const *)a;
	const struct dump_timer *other = *(const struct dump_timer *const *)b;
	int order = timers_alike(one, other);
	return order ? order : number_compare(one->line, other->line);
}

static int timer_group_compare(const void *a, const void *b)
{
	const struct timer_group *one = a, *other = b;
	int order = number_compare(other->count, one->count);
	return order ? order : number_compare(one->timers[0]->line, other->timers[0]->line);
}

static void timers_find(const struct dump *dump, struct pool *pool, struct remains *remains)
{
	size_t count = dump->timer_count;
	const struct dump_timer **timers = pool_array(pool, count + 1, sizeof(*timers));
	struct rows groups = {.item_bytes = sizeof(struct timer_group)};
	struct timer_group *group = NULL;
	for (size_t i = 0; i < count; i++)
		timers[i] = &dump->timers[i];
	qsort(timers, count, sizeof(*timers), timer_compare);
	for (size_t i = 0; i < count; i++) {
		if (!group || timers_alike(group->timers[0], timers[i])) {
			group = rows_add(&groups, pool);
			group->creator = timers[i]->created_by;
			group->kind = timers[i]->kind;
			group->timers = &timers[i];
			group->verdict = VERDICT_NONE;
		}
		group->count++;
		oldest_note(&group->oldest_ns, timers[i]->since_ns);
	}
	if (groups.count)
		qsort(groups.items, groups.count, groups.item_bytes, timer_group_compare);
	remains->timers = groups.items;
	remains->timer_count = groups.count;
}

struct remains *remains_of_dump(const struct dump *dump, struct pool *pool)
{
	struct remains *remains = pool_alloc(pool, sizeof(*remains));
	unjoined_find(dump, pool, remains);
	timers_find(dump, pool, remains);
	return remains;
}
