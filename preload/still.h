/*
 * still.h - which threads hold still, and what is known of those that do.
 *
 * A thread whose CPU clock says the same twice has not executed an instruction in between: what was read of it
 * then is true of every moment between. That is how a picture of a process that nobody stops can still be exact.
 *
 * Watcher only. About 0.3 us for each thread, and 3 us more for each that has moved since the last look.
 */
#ifndef LEAKWATCH_STILL_H
#define LEAKWATCH_STILL_H

#include "preload/slot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum still_state {
	STILL_PARKED, /* in a recorded wait, where the kernel says so too: its registers are known */
	STILL_OUTSIDE, /* blocked, but some of its registers are not known */
	STILL_RAN, /* it runs, or has run between two looks */
};

struct still {
	int tid;
	enum still_state state;
	struct slot *slot; /* NULL: no record of it */
	uint64_t id; /* of the slot's thread, 0 without */
	uint64_t word; /* of the slot; only of one that is parked */
	uint64_t cpu_ns;
	struct wait wait; /* likewise */
	uint64_t depth; /* of wait: above 1 it is in a signal handler */
	bool candidate; /* in a wait without a time limit for memory or a thread */
	bool ours;
	/* As the kernel has them; 0 where it does not say. */
	uintptr_t sp, pc;
	long call; /* -1: none */
	uint64_t arguments[6];
};

struct stills {
	struct still *list; /* by tid */
	size_t count;
	bool complete; /* /proc listed the threads, and memory sufficed */
};

/* Looks at all threads. What the last look found of a thread that has not run since is kept. Returns whether
 * nobody has run, begun or ended since the last look. What it returns in stills lives until the next look. */
bool stills_look(struct stills *stills);

/* Looks again, and marks as STILL_RAN who has run since; whether nobody has, nor begun or ended. */
bool stills_check(struct stills *stills);

/* In the child of a fork: starts over. */
void stills_forget(void);

#endif
