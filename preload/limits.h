/*
 * limits.h - how many threads the process may have, as far as the system says.
 *
 * Watcher only. Small files of /proc and of the control groups, read at each dump: limits change.
 */
#ifndef LEAKWATCH_LIMITS_H
#define LEAKWATCH_LIMITS_H

#include <stdint.h>

#define LIMIT_ABSENT UINT64_MAX /* not known, or there is none */

struct limits {
	uint64_t nproc; /* RLIMIT_NPROC, of all threads of the user; root has none */
	uint64_t threads_max, pid_max; /* of the machine */
	uint64_t pids_max,
		pids_current; /* of the control group, or one above it, that has the least room left */
	uint64_t map_count_max; /* mappings of the process; a thread's stack takes two */
};

void limits_read(struct limits *limits);

#endif
