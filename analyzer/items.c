/*
 * items.c - groups of three kinds under one roof.
 */
#include "analyzer/items.h"
#include "analyzer/place.h"
#include "analyzer/sieve.h"
#include "analyzer/summary.h"
#include "analyzer/table.h"
#include "analyzer/utf8.h"
#include "analyzer/words.h"

#include <stdlib.h>

/* --- making --------------------------------------------------------------------------------------- */

static int id_compare(const void *a, const void *b)
{
	const uint64_t *one = a, *other = b;
	return (*one > *other) - (*one < *other);
}

static void id_put(struct item *item, struct measured id)
{
	if (id.known)
		item->ids[item->id_count++] = id.value;
}

static struct item *item_add(struct items *items, struct key key, uint64_t count, size_t id_room)
{
	struct item *item = &items->list[items->count++];
	*item = (struct item){.key = key, .count = count};
	item->ids = pool_array(items->tracer.pool, id_room + 1, sizeof(*item->ids));
	return item;
}

/* The first of several with one key keeps it; there should be no second. */
static void item_finish(struct items *items, struct item *item)
{
	void **slot = table_slot(items->by_key, item->key.bytes, item->key.count);
	if (!*slot)
		*slot = item;
	qsort(item->ids, item->id_count, sizeof(*item->ids), id_compare);
}

static void group_add(struct items *items, const struct group *group)
{
	struct item *item = item_add(items, group->key, group->count, group->thread_count);
	item->group = group;
	for (size_t i = 0; i < group->thread_count; i++)
		id_put(item, group->threads[i]->id);
	item_finish(items, item);
}

static struct key creation_key(
	const struct items *items, const char *word, const struct dump_creator *creator)
{
	const struct stack none = {.depth = 0};
	return key_of_stack(
		items->tracer.dump, word, creator ? &creator->stack : &none, items->tracer.pool);
}

static void unjoined_add(struct items *items, const struct unjoined_group *group)
{
	struct pool *pool = items->tracer.pool;
	const char *word = "unjoined";
	if (group->start.known) {
		struct place start = place_of_entry(items->tracer.dump, group->start.value);
		word = pool_print(pool, "unjoined %s+%lx", place_module_identity(&start),
			(unsigned long)start.offset);
	}
	struct key key = creation_key(items, word, group->creator);
	struct item *item = item_add(items, key, group->count, group->count);
	item->unjoined = group;
	for (size_t i = 0; i < group->count; i++)
		id_put(item, group->threads[i]->id);
	item_finish(items, item);
}

static void timers_add(struct items *items, const struct timer_group *group)
{
	const char *word = pool_print(
		items->tracer.pool, "timers %s", group->kind ? group->kind : "of a kind not known");
	struct key key = creation_key(items, word, group->creator);
	struct item *item = item_add(items, key, group->count, group->count);
	item->timers = group;
	for (size_t i = 0; i < group->count; i++)
		id_put(item, group->timers[i]->id);
	item_finish(items, item);
}

/* --- rules ---------------------------------------------------------------------------------------- */

static bool held_back(struct rule *rule, uint64_t count)
{
	if (rule)
		rule->matches += count;
	return rule != NULL;
}

static void remains_add(
	struct items *items, const struct remains *remains, const struct suppressions *rules)
{
	const struct tracer *tracer = &items->tracer;
	for (size_t i = 0; i < remains->unjoined_count; i++) {
		const struct unjoined_group *group = &remains->unjoined[i];
		if (!rules || !held_back(sieve_unjoined(rules, tracer, group), group->count))
			unjoined_add(items, group);
	}
	for (size_t i = 0; i < remains->timer_count; i++) {
		const struct timer_group *group = &remains->timers[i];
		if (!rules || !held_back(sieve_timers(rules, tracer, group), group->count))
			timers_add(items, group);
	}
}

void items_fill(struct items *items, const struct tracer *tracer, const struct suppressions *rules)
{
	struct pool *pool = tracer->pool;
	struct remains *remains = remains_of_dump(tracer->dump, pool);
	*items = (struct items){
		.tracer = *tracer,
		.groups = groups_of_dump(tracer->dump, pool),
		.by_key = table_new(),
	};
	if (rules)
		sieve_groups(rules, tracer, items->groups);
	size_t room = items->groups->count + remains->unjoined_count + remains->timer_count;
	items->list = pool_array(pool, room + 1, sizeof(*items->list));
	for (size_t i = 0; i < items->groups->count; i++)
		if (items->groups->list[i]->count)
			group_add(items, items->groups->list[i]);
	remains_add(items, remains, rules);
}

void items_clear(struct items *items)
{
	groups_free(items->groups);
	table_free(items->by_key);
	*items = (struct items){.count = 0};
}

/* --- comparing ------------------------------------------------------------------------------------ */

const struct item *items_find(const struct items *items, const struct item *like)
{
	return table_find(items->by_key, like->key.bytes, like->key.count);
}

size_t item_same(const struct item *one, const struct item *other)
{
	size_t same = 0;
	for (size_t i = 0, j = 0; i < one->id_count && j < other->id_count;) {
		uint64_t a = one->ids[i], b = other->ids[j];
		same += a == b;
		i += a <= b;
		j += b <= a;
	}
	return same;
}

/* --- words ---------------------------------------------------------------------------------------- */

static const char *created_words(const struct items *items, const struct dump_creator *creator)
{
	struct trace trace = trace_of_creator(&items->tracer, creator);
	const struct frame *top = trace_top(&trace);
	struct pool *pool = items->tracer.pool;
	return top ? pool_print(pool, ", created by %s", frame_words(pool, top)) : "";
}

static const char *age_words(struct pool *pool, struct measured oldest_ns)
{
	if (!oldest_ns.known)
		return "";
	return pool_print(pool, ", oldest %s", words_of_duration(pool, oldest_ns.value));
}

const char *item_words(const struct items *items, const struct item *item)
{
	struct pool *pool = items->tracer.pool;
	if (item->group)
		return summary_of_group(&items->tracer, item->group);
	if (item->unjoined)
		return pool_print(pool, "%s finished and not joined%s%s",
			words_of_count(pool, item->count, "thread"),
			created_words(items, item->unjoined->creator),
			age_words(pool, item->unjoined->oldest_ns));
	const char *kind = item->timers->kind ? utf8_printable(pool, item->timers->kind) : "timer";
	return pool_print(pool, "%s (%s)%s%s", words_of_count(pool, item->count, "timer"), kind,
		created_words(items, item->timers->creator),
		age_words(pool, item->timers->oldest_ns));
}
