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

static int id_compare(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;
	return (one > other) - (one < other);
}

void moment_fill(struct moment *moment, struct pool *pool)
{
	const struct dump *dump = moment->dump;
	moment->ids = pool_array(pool, dump->thread_count + 1, sizeof(*moment->ids));
	moment->id_count = 0;
	for (size_t i = 0; i < dump->thread_count; i++)
		if (dump->threads[i].id.known)
			moment->ids[moment->id_count++] = dump->threads[i].id.value;
	qsort(moment->ids, moment->id_count, sizeof(*moment->ids), id_compare);
}

static bool has_ended(const struct moment *moment, uint64_t id)
{
	return !bsearch(&id, moment->ids, moment->id_count, sizeof(id), id_compare);
}

/* A thread at one moment: which, in which of its waits, and since which moment it is in the group. */
struct presence {
	uint64_t id, wait, sleep_ns;
	size_t since;
};

struct presences {
	struct presence *list; /* by id */
	size_t count;
};

/* Threads without a record are left out: nobody can say that they are the same. */
static struct presences presences_of(
	const struct history *history, size_t index, const struct group *group, struct pool *pool)
{
	const struct group *then = groups_find(history->moments[index].groups, group);
	struct presences presences = {.count = 0};
	if (!then || !then->thread_count)
		return presences;
	presences.list = pool_array(pool, then->thread_count, sizeof(*presences.list));
	for (size_t i = 0; i < then->thread_count; i++) {
		const struct dump_thread *thread = then->threads[i];
		if (thread->id.known && thread->waits.known)
			presences.list[presences.count++] = (struct presence){thread->id.value,
				thread->waits.value, thread->sleep_ns.value, index};
	}
	qsort(presences.list, presences.count, sizeof(*presences.list), id_compare);
	return presences;
}

/* A course while it is followed. */
struct following {
	const struct history *history;
	size_t index;
	struct course course;
	bool *rose; /* by moment: whether threads arrived that count */
};

static void arrival_count(struct following *following, const struct presence *presence)
{
	following->course.arrivals++;
	following->rose[presence->since] = true;
}

/* It was there at the moment before now, and is no more. Its arrival counts once it was seen twice. */
static void departure_count(
	struct following *following, const struct presence *presence, size_t now)
{
	bool seen_once = presence->since == now - 1;
	if (seen_once && has_ended(&following->history->moments[now], presence->id))
		return;
	if (seen_once && presence->since > following->index)
		arrival_count(following, presence);
	following->course.departures++;
}

static uint64_t interval_ns(const struct history *history, size_t now)
{
	struct measured then_ns = history->moments[now - 1].dump->time_ns;
	struct measured now_ns = history->moments[now].dump->time_ns;
	bool known = then_ns.known && now_ns.known && now_ns.value > then_ns.value;
	return known ? now_ns.value - then_ns.value : 0;
}

static void stay_count(struct following *following, const struct presence *before,
	struct presence *here, size_t now)
{
	here->since = before->since;
	following->course.stays++;
	following->course.unbroken += before->wait == here->wait;
	uint64_t waits = here->wait > before->wait ? here->wait - before->wait : 0;
	following->course.waits += waits;
	following->course.slept_ns += waits ? (waits - 1) * here->sleep_ns : 0;
	following->course.stay_ns += interval_ns(following->history, now);
}

static void course_step(struct following *following, const struct presences *before,
	struct presences *here, size_t now)
{
	bool is_last = now == following->history->count - 1;
	size_t i = 0, j = 0;
	while (i < before->count || j < here->count) {
		const struct presence *old = i < before->count ? &before->list[i] : NULL;
		struct presence *new = j < here->count ? &here->list[j] : NULL;
		if (!new || (old && old->id < new->id)) {
			departure_count(following, old, now);
			i++;
			continue;
		}
		j++;
		if (old && old->id == new->id) {
			stay_count(following, old, new, now);
			if (new->since == now - 1 && new->since > following->index)
				arrival_count(following, new);
			i++;
		} else if (is_last) {
			arrival_count(following, new);
		}
	}
}

static void rises_count(struct following *following)
{
	struct course *course = &following->course;
	size_t first = 0, last = following->index;
	for (size_t i = following->index + 1; i < following->history->count; i++) {
		if (!following->rose[i])
			continue;
		first = course->rises++ ? first : i;
		last = i;
	}
	course->rising = course->rises ? last - first + 1 : 0;
	course->quiet = following->history->count - 1 - last;
}

struct course history_course(
	const struct history *history, const struct group *group, size_t index, struct pool *pool)
{
	const struct group *first = groups_find(history->moments[index].groups, group);
	struct following following = {.history = history, .index = index};
	following.rose = pool_array(pool, history->count, sizeof(*following.rose));
	following.course.first = first ? first->count : 0;
	following.course.last = group->count;
	struct presences before = presences_of(history, index, group, pool);
	for (size_t i = index + 1; i < history->count; i++) {
		struct presences here = presences_of(history, i, group, pool);
		course_step(&following, &before, &here, i);
		before = here;
	}
	rises_count(&following);
	return following.course;
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
