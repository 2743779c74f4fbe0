/*
 * thresholds.h - from when on a verdict speaks, and why not earlier.
 *
 * A false accusation costs more than a late one: each number is on the side of silence. Ages are measured
 * by the watcher's tick, so no age below two ticks is trusted, whatever the numbers here.
 */
#ifndef LEAKWATCH_THRESHOLDS_H
#define LEAKWATCH_THRESHOLDS_H

#include <stdint.h>

struct thresholds {
	/* How long a thread may be finished before somebody should have joined it, and how long a wait
	 * may last before its age counts. A service's slowest requests, and joins in the order of
	 * creation, end within a minute. Scaled down where dumps are taken more often than that. */
	uint64_t grace_ns;

	/* Unjoined threads of one creation stack. One or two are kept by programs on purpose: a thread
	 * that initialises something is joined when the program ends. */
	uint64_t unjoined_least;

	/* Threads of one stack that nobody ever woke, made all at once. Pools that never had work look
	 * the same; real ones have some hundred threads at most (varnish keeps 200). */
	uint64_t never_woken_burst;

	/* How long such a crowd must have stood, the last of them included. What many threads wait for
	 * together in health is a starting signal, given once all are made: a fraction of a second for
	 * thousands. So it takes less than the grace time. */
	uint64_t never_woken_stood_ns;

	/* So many objects with a few threads each, and ages all over: not a pool, which is made at once. */
	uint64_t never_woken_spread;

	/* Objects in one group whose only waker is gone. One may be a queue that is filled again later. */
	uint64_t orphaned_objects;

	/* Growth: how many more threads or timers, in how many intervals between dumps. A pool that is
	 * filled, or a burst of load, rises once or twice and stays. */
	uint64_t growing_least;
	uint64_t growing_intervals;

	/* Dumps in which nothing moved before a lock's holder counts as stalled; or, in one dump, the grace
	 * time for each interval between so many. */
	uint64_t stalled_dumps;
};

#define THRESHOLDS_DEFAULT                                                                         \
	((struct thresholds){                                                                      \
		.grace_ns = 60000000000,                                                           \
		.unjoined_least = 3,                                                               \
		.never_woken_burst = 512,                                                          \
		.never_woken_stood_ns = 2000000000,                                                \
		.never_woken_spread = 20,                                                          \
		.orphaned_objects = 3,                                                             \
		.growing_least = 5,                                                                \
		.growing_intervals = 3,                                                            \
		.stalled_dumps = 3,                                                                \
	})

#endif
