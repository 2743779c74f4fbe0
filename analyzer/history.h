/*
 * history.h - what several dumps of one process say together.
 */
#ifndef LEAKWATCH_HISTORY_H
#define LEAKWATCH_HISTORY_H

#include "analyzer/group.h"

/* One dump and its groups. */
struct moment {
	const struct dump *dump;
	struct groups *groups;
	uint64_t *ids; /* of its threads, ascending: moment_fill() */
	size_t id_count;
};

/* Oldest first; the last is the dump that is reported. There is at least one. */
struct history {
	struct moment *moments;
	size_t count;
};

/* Notes the threads of moment->dump. */
void moment_fill(struct moment *moment, struct pool *pool);

/* The mean time between dumps; not known of one. */
struct measured history_interval_ns(const struct history *history);

/* From the first of the moments from index on until the last; not known of one. */
struct measured history_span_ns(const struct history *history, size_t index);

/* What became of a group's threads between the moment index and the last. A thread that was seen once and has ended
 * by the next moment just passed through, and counts for nothing: where some requests leave a thread behind,
 * the others are seen on their way. */
struct course {
	uint64_t first, last; /* how many there were */
	uint64_t arrivals, departures; /* threads that came into the group, or left it */
	uint64_t stays; /* times that a thread was found in it at two moments in a row */
	uint64_t unbroken; /* of these: in the very same wait */
	uint64_t waits,
		stay_ns; /* waits begun from the one moment to the other, and the time between, of all these */
	uint64_t
		slept_ns; /* what these waits would take if each were such a sleep, but for one of each stay */
	uint64_t rises; /* intervals with an arrival */
	size_t rising; /* intervals from the first of these to the last */
	size_t quiet; /* intervals since the last of these */
};
struct course history_course(
	const struct history *history, const struct group *group, size_t index, struct pool *pool);

/* What became of a creation stack's threads or timers. The same creator has the same id in all dumps of a
 * process. False if one of the dumps does not say. */
struct making {
	uint64_t made, gone; /* since then */
	uint64_t rises; /* intervals in which more were made than went */
};
bool history_making(const struct history *history, const struct dump_creator *creator, size_t index,
	struct making *making);

/* How many of the last moments found the thread in the very same wait, the last included; 1 if it was not
 * in it before. */
size_t history_unmoved(const struct history *history, const struct dump_thread *thread);

#endif
