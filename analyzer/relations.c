/*
 * relations.c - tables by id and by object.
 */
#include "analyzer/relations.h"
#include "analyzer/number.h"
#include "analyzer/table.h"
#include "analyzer/utf8.h"

#include <string.h>

struct relations {
	const struct dump *dump;
	struct table *threads; /* by id */
	struct table *wakers, *owners; /* by object, as text */
};

static void object_set(struct table *table, const char *object, void *row)
{
	if (object)
		*table_slot(table, object, strlen(object)) = row;
}

static void *object_find(const struct table *table, const char *object)
{
	return object ? table_find(table, object, strlen(object)) : NULL;
}

struct relations *relations_of_dump(const struct dump *dump, struct pool *pool)
{
	struct relations *relations = pool_alloc(pool, sizeof(*relations));
	*relations = (struct relations){dump, table_new(), table_new(), table_new()};
	for (size_t i = 0; i < dump->thread_count; i++) {
		struct dump_thread *thread = &dump->threads[i];
		if (thread->id.known)
			*table_slot(relations->threads, &thread->id.value,
				sizeof(thread->id.value)) = thread;
	}
	for (size_t i = 0; i < dump->waker_count; i++)
		object_set(relations->wakers, dump->wakers[i].object, &dump->wakers[i]);
	for (size_t i = 0; i < dump->owner_count; i++)
		object_set(relations->owners, dump->owners[i].object, &dump->owners[i]);
	return relations;
}

void relations_free(struct relations *relations)
{
	if (!relations)
		return;
	table_free(relations->threads);
	table_free(relations->wakers);
	table_free(relations->owners);
}

const struct dump_thread *relations_thread(const struct relations *relations, uint64_t id)
{
	return table_find(relations->threads, &id, sizeof(id));
}

const char *relations_thread_words(struct pool *pool, const struct dump_thread *thread)
{
	const char *name = thread->name ? utf8_printable(pool, thread->name) : "";
	const char *number = thread->id.known
				     ? pool_print(pool, "%lu", thread->id.value)
				     : pool_print(pool, "with kernel id %lu", thread->tid.value);
	if (thread->id.known && thread->id.value == 1)
		return "the main thread";
	return *name ? pool_print(pool, "thread %s (%s)", number, name)
		     : pool_print(pool, "thread %s", number);
}

const struct dump_group *relations_group(
	const struct relations *relations, const struct dump_thread *thread)
{
	return thread->group.known ? &relations->dump->groups[thread->group.value - 1] : NULL;
}

bool relations_waits(
	const struct relations *relations, const struct dump_thread *thread, const char *wait)
{
	const struct dump_group *group = relations_group(relations, thread);
	return group && !strcmp(group->wait, wait);
}

bool relations_waits_for_ever(const struct relations *relations, const struct dump_thread *thread)
{
	const struct dump_group *group = relations_group(relations, thread);
	return group && group->timed.known && !group->timed.value && group->source &&
	       !strcmp(group->source, "slot");
}

/* Of the descriptors, only what is woken from within has a row. */
static bool waits_on_waker(const struct relations *relations, const struct dump_thread *thread)
{
	return relations_waits(relations, thread, "cond_wait") ||
	       relations_waits(relations, thread, "sem_wait") ||
	       relations_waits(relations, thread, "futex") ||
	       relations_waits(relations, thread, "read") ||
	       relations_waits(relations, thread, "recv");
}

static bool waits_on_owner(const struct relations *relations, const struct dump_thread *thread)
{
	return relations_waits(relations, thread, "mutex_lock") ||
	       relations_waits(relations, thread, "rwlock_rdlock") ||
	       relations_waits(relations, thread, "rwlock_wrlock");
}

const struct dump_waker *relations_waker(
	const struct relations *relations, const struct dump_thread *thread)
{
	if (!waits_on_waker(relations, thread))
		return NULL;
	return object_find(relations->wakers, thread->object);
}

const struct dump_owner *relations_owner(
	const struct relations *relations, const struct dump_thread *thread)
{
	if (!waits_on_owner(relations, thread))
		return NULL;
	return object_find(relations->owners, thread->object);
}

const struct dump_owner *relations_holder(
	const struct relations *relations, const struct dump_thread *thread)
{
	return relations_waits(relations, thread, "sem_wait")
		       ? object_find(relations->owners, thread->object)
		       : NULL;
}

const struct dump_owner *relations_lock_holder(
	const struct relations *relations, const struct dump_thread *thread)
{
	const struct dump_waker *poster = relations_waker(relations, thread);
	bool posted = poster && poster->count.known && poster->count.value;
	return posted ? relations_holder(relations, thread) : NULL;
}

static const struct dump_thread *joined(
	const struct relations *relations, const struct dump_thread *thread)
{
	const char *start = "thread:";
	uint64_t id;
	if (!relations_waits(relations, thread, "join") || !thread->object ||
		strncmp(thread->object, start, strlen(start)) ||
		number_parse(thread->object + strlen(start), UINT64_MAX, &id) < 0)
		return NULL;
	return relations_thread(relations, id);
}

const struct dump_thread *relations_waits_for(
	const struct relations *relations, const struct dump_thread *thread)
{
	const struct dump_owner *owner = relations_owner(relations, thread);
	if (owner && owner->owner.known)
		return relations_thread(relations, owner->owner.value);
	return joined(relations, thread);
}

const struct dump_thread *relations_seems_to_wait_for(
	const struct relations *relations, const struct dump_thread *thread)
{
	const struct dump_owner *holder = relations_holder(relations, thread);
	const struct dump_thread *next = NULL;
	if (!holder)
		return relations_waits_for(relations, thread);
	if (holder->owner.known)
		next = relations_thread(relations, holder->owner.value);
	/* One that has passed, and waits again, is a producer with a buffer for one. */
	return next == thread ? NULL : next;
}
