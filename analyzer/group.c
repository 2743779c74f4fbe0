/*
 * group.c - a dump's groups and threads -> groups with comparable keys, ages, objects and creators.
 */
#include "analyzer/group.h"
#include "analyzer/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- merging -------------------------------------------------------------------------------------- */

static bool measured_equal(struct measured a, struct measured b)
{
	return a.known == b.known && a.value == b.value;
}

static void group_begin(struct group *group, const struct dump_group *from)
{
	group->fingerprint = key_hash(group->key);
	group->wait = from->wait;
	group->source = from->source;
	group->timed = from->timed;
	group->guessed = from->guessed;
	group->partial = from->partial;
	group->stack = from->stack;
	group->verdict = VERDICT_NONE;
}

static void group_merge(struct group *group, const struct dump_group *from)
{
	if (!measured_equal(group->timed, from->timed))
		group->timed = (struct measured){0};
	if (!group->source || !from->source || strcmp(group->source, from->source))
		group->source = NULL;
	if (from->guessed.known &&
		(!group->guessed.known || from->guessed.value < group->guessed.value))
		group->guessed = from->guessed;
	if (from->partial.known && from->partial.value)
		group->partial = from->partial;
}

static struct group *group_add(struct groups *groups, const struct dump *dump,
	const struct dump_group *from, struct pool *pool)
{
	struct group *new = pool_alloc(pool, sizeof(*new));
	new->key = key_of_stack(dump, from->wait, &from->stack, pool);
	void **slot = table_slot(groups->by_key, new->key.bytes, new->key.count);
	struct group *group = *slot;
	if (group) {
		group_merge(group, from);
	} else {
		*slot = group = new;
		group_begin(group, from);
		groups->list[groups->count++] = group;
	}
	group->count += from->count.value;
	return group;
}

/* --- threads -------------------------------------------------------------------------------------- */

/* of_number[i] is the group that the dump's group i + 1 went into. */
static void threads_spread(const struct dump *dump, struct group **of_number, struct pool *pool)
{
	for (size_t i = 0; i < dump->thread_count; i++)
		if (dump->threads[i].group.known)
			of_number[dump->threads[i].group.value - 1]->thread_count++;
	for (size_t i = 0; i < dump->thread_count; i++) {
		const struct dump_thread *thread = &dump->threads[i];
		if (!thread->group.known)
			continue;
		struct group *group = of_number[thread->group.value - 1];
		if (!group->threads) {
			group->threads =
				pool_array(pool, group->thread_count, sizeof(*group->threads));
			group->thread_count = 0;
		}
		group->threads[group->thread_count++] = thread;
	}
}

static void ages_find(struct group *group)
{
	for (size_t i = 0; i < group->thread_count; i++) {
		struct measured age = group->threads[i]->since_ns;
		if (!age.known)
			continue;
		if (!group->oldest_ns.known || age.value > group->oldest_ns.value)
			group->oldest_ns = age;
		if (!group->newest_ns.known || age.value < group->newest_ns.value)
			group->newest_ns = age;
	}
}

static int text_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void objects_count(struct group *group, struct pool *pool)
{
	const char **objects = pool_array(pool, group->thread_count + 1, sizeof(*objects));
	size_t count = 0;
	for (size_t i = 0; i < group->thread_count; i++)
		if (group->threads[i]->object)
			objects[count++] = group->threads[i]->object;
	if (!count)
		return;
	qsort(objects, count, sizeof(*objects), text_compare);
	group->objects = (struct measured){1, true};
	for (size_t i = 1; i < count; i++)
		group->objects.value += strcmp(objects[i], objects[i - 1]) != 0;
}

/* --- creations ------------------------------------------------------------------------------------ */

static uint64_t creation_order(const struct dump_creator *creator)
{
	return creator ? creator->id.value : UINT64_MAX;
}

static int creator_compare(const void *a, const void *b)
{
	uint64_t one = creation_order(*(const struct dump_creator *const *)a);
	uint64_t other = creation_order(*(const struct dump_creator *const *)b);
	return (one > other) - (one < other);
}

static int creation_compare(const void *a, const void *b)
{
	const struct creation *one = a, *other = b;
	if (one->count != other->count)
		return one->count < other->count ? 1 : -1;
	return creator_compare(&one->creator, &other->creator);
}

static void creations_find(struct group *group, struct pool *pool)
{
	size_t count = group->thread_count;
	const struct dump_creator **creators = pool_array(pool, count + 1, sizeof(*creators));
	struct rows rows = {.item_bytes = sizeof(struct creation)};
	for (size_t i = 0; i < count; i++)
		creators[i] = group->threads[i]->created_by;
	qsort(creators, count, sizeof(*creators), creator_compare);
	struct creation *creation = NULL;
	for (size_t i = 0; i < count; i++) {
		if (!creation || creation->creator != creators[i]) {
			creation = rows_add(&rows, pool);
			creation->creator = creators[i];
		}
		creation->count++;
	}
	if (rows.count)
		qsort(rows.items, rows.count, rows.item_bytes, creation_compare);
	group->creations = rows.items;
	group->creation_count = rows.count;
}

/* --- order ---------------------------------------------------------------------------------------- */

/* The order of "@ 0x1 0x2" as texts, without making them. */
static int stack_compare(const struct stack *a, const struct stack *b)
{
	for (unsigned i = 0; i < a->depth && i < b->depth; i++) {
		char one[20], other[20];
		if (a->address[i] == b->address[i])
			continue;
		snprintf(one, sizeof(one), "%lx ", (unsigned long)a->address[i]);
		snprintf(other, sizeof(other), "%lx ", (unsigned long)b->address[i]);
		return strcmp(one, other);
	}
	return (a->depth > b->depth) - (a->depth < b->depth);
}

static int group_compare(const void *a, const void *b)
{
	const struct group *one = *(struct group *const *)a, *other = *(struct group *const *)b;
	if (one->count != other->count)
		return one->count < other->count ? 1 : -1;
	int order = stack_compare(&one->stack, &other->stack);
	return order ? order : strcmp(one->wait, other->wait);
}

static void group_finish(struct group *group, struct pool *pool)
{
	ages_find(group);
	objects_count(group, pool);
	creations_find(group, pool);
}

struct groups *groups_of_dump(const struct dump *dump, struct pool *pool)
{
	struct groups *groups = pool_alloc(pool, sizeof(*groups));
	struct group **of_number = pool_array(pool, dump->group_count + 1, sizeof(*of_number));
	groups->by_key = table_new();
	groups->list = pool_array(pool, dump->group_count + 1, sizeof(*groups->list));
	for (size_t i = 0; i < dump->group_count; i++)
		of_number[i] = group_add(groups, dump, &dump->groups[i], pool);
	threads_spread(dump, of_number, pool);
	for (size_t i = 0; i < groups->count; i++)
		group_finish(groups->list[i], pool);
	qsort(groups->list, groups->count, sizeof(*groups->list), group_compare);
	return groups;
}

void group_take(struct group *group, bool (*which)(void *context, const struct dump_thread *thread),
	void *context, struct pool *pool)
{
	size_t kept = 0;
	for (size_t i = 0; i < group->thread_count; i++)
		if (!which(context, group->threads[i]))
			group->threads[kept++] = group->threads[i];
	group->count -= group->thread_count - kept;
	group->thread_count = kept;
	group->objects = group->oldest_ns = group->newest_ns = (struct measured){0};
	group_finish(group, pool);
}

void groups_free(struct groups *groups)
{
	if (groups)
		table_free(groups->by_key);
}

const struct group *groups_find(const struct groups *groups, const struct group *like)
{
	return table_find(groups->by_key, like->key.bytes, like->key.count);
}
