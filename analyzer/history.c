/*
 * history.c - comparing moments: threads by their never-reused ids, groups by fingerprint.
 */
#include "analyzer/history.h"

#include <stdlib.h>

struct measured history_span_ns(const struct history *history, size_t index)
{
	const struct dump *first = history->moments[index].dump;
	const struct dump *last = history->moments[history->count - 1].dump;
	if (first == last || !first->time_ns.known || !last->time_ns.known ||
		last->time_ns.value < first->time_ns.value)
		return (struct measured){0};
	return (struct measured){last->time_ns.value - first->time_ns.value, true};
}

struct measured history_interval_ns(const struct history *history)
{
	struct measured span_ns = history_span_ns(history, 0);
	if (span_ns.known)
		span_ns.value /= history->count - 1;
	return span_ns;
}

/* --- the course of a group ---------------------------------------------------------------------------- */

/* A thread at one moment: which, and in which of its waits. */
struct presence {
	uint64_t id, wait;
};

struct presences {
	struct presence *list; /* by id */
	size_t count;
};

static int presence_compare(const void *a, const void *b)
{
	const struct presence *one = a, *other = b;
	return (one->id > other->id) - (one->id < other->id);
}

/* Threads without a record are left out: nobody can say that they are the same. */
static struct presences presences_of(const struct group *group, struct pool *pool)
{
	struct presences presences = {.count = 0};
	if (!group || !group->thread_count)
		return presences;
	presences.list = pool_array(pool, group->thread_count, sizeof(*presences.list));
	for (size_t i = 0; i < group->thread_count; i++) {
		const struct dump_thread *thread = group->threads[i];
		if (thread->id.known && thread->waits.known)
			presences.list[presences.count++] =
				(struct presence){thread->id.value, thread->waits.value};
	}
	qsort(presences.list, presences.count, sizeof(*presences.list), presence_compare);
	return presences;
}

static void course_step(
	struct course *course, const struct presences *before, const struct presences *now)
{
	size_t i = 0, j = 0;
	uint64_t arrivals = course->arrivals;
	while (i < before->count || j < now->count) {
		if (j == now->count ||
			(i < before->count && before->list[i].id < now->list[j].id)) {
			course->departures++;
			i++;
		} else if (i == before->count || now->list[j].id < before->list[i].id) {
			course->arrivals++;
			j++;
		} else {
			course->stays++;
			course->unbroken += before->list[i++].wait == now->list[j++].wait;
		}
	}
	bool rose = course->arrivals > arrivals;
	course->rises += rose;
	course->quiet = rose ? 0 : course->quiet + 1;
	course->rising += course->rises > 0;
}

struct course history_course(
	const struct history *history, const struct group *group, size_t index, struct pool *pool)
{
	const struct group *first = groups_find(history->moments[index].groups, group);
	struct course course = {.first = first ? first->count : 0, .last = group->count};
	struct presences before = presences_of(first, pool);
	for (size_t i = index + 1; i < history->count; i++) {
		struct presences now =
			presences_of(groups_find(history->moments[i].groups, group), pool);
		course_step(&course, &before, &now);
		before = now;
	}
	course.rising -= course.rises ? course.quiet : 0;
	return course;
}

/* --- the course of a creator -------------------------------------------------------------------------- */

static const struct dump_creator *creator_then(
	const struct moment *moment, const struct dump_creator *creator)
{
	const struct dump *dump = moment->dump;
	for (size_t i = 0; i < dump->creator_count; i++)
		if (dump->creators[i].id.known && creator->id.known &&
			dump->creators[i].id.value == creator->id.value)
			return &dump->creators[i];
	return NULL;
}

bool history_making(const struct history *history, const struct dump_creator *creator, size_t index,
	struct making *making)
{
	uint64_t made = 0, gone = 0; /* a stack that is not there yet has made nothing */
	*making = (struct making){0};
	for (size_t i = index; i < history->count; i++) {
		const struct dump_creator *then = creator_then(&history->moments[i], creator);
		if (then && (!then->made.known || !then->gone.known || then->made.value < made ||
				    then->gone.value < gone))
			return false;
		if (then && i > index) {
			making->made += then->made.value - made;
			making->gone += then->gone.value - gone;
			making->rises += then->made.value - made > then->gone.value - gone;
		}
		made = then ? then->made.value : made;
		gone = then ? then->gone.value : gone;
	}
	return true;
}

/* --- one thread --------------------------------------------------------------------------------------- */

static bool wait_is_same(const struct dump *dump, const struct dump_thread *thread)
{
	for (size_t i = 0; i < dump->thread_count; i++) {
		const struct dump_thread *then = &dump->threads[i];
		if (then->id.known && then->id.value == thread->id.value)
			return then->waits.known && then->waits.value == thread->waits.value &&
			       then->since_ns.known;
	}
	return false;
}

size_t history_unmoved(const struct history *history, const struct dump_thread *thread)
{
	size_t moments = 1;
	if (!thread->id.known || !thread->waits.known || !thread->since_ns.known)
		return moments;
	while (moments < history->count &&
		wait_is_same(history->moments[history->count - 1 - moments].dump, thread))
		moments++;
	return moments;
}
