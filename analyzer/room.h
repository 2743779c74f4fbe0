/*
 * room.h - how many more threads a process may have.
 */
#ifndef LEAKWATCH_ROOM_H
#define LEAKWATCH_ROOM_H

#include "analyzer/dump.h"

struct room {
	struct measured threads; /* at most so many more; not known where the dump says no limit */
	uint64_t limit;
	const char *words; /* what the limit is of: "of the control group (pids.max)" */
};

/* The tightest of the limits in the dump's header. Of those that other processes share without saying how much of it
 * they have (RLIMIT_NPROC, the machine's), the room is what this process alone leaves: it may be less. */
struct room room_of_dump(const struct dump *dump);

#endif
