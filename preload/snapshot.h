/*
 * snapshot.h - a consistent picture of all threads and timers, with what could not be seen counted.
 *
 * Watcher only. Each thread is consistent in itself: its wait and its stack belong together. Threads are
 * looked at one after the other, not at one instant; nothing is stopped.
 */
#ifndef LEAKWATCH_SNAPSHOT_H
#define LEAKWATCH_SNAPSHOT_H

#include "preload/contract/dump.h"
#include "preload/evidence.h"
#include "preload/fds.h"
#include "preload/groups.h"
#include "preload/slot.h"
#include "preload/stacks.h"
#include "preload/timers.h"

#include <stdbool.h>
#include <stdint.h>

#define NOT_MEASURED UINT64_MAX

/* One thread. */
struct sighting {
	uint64_t id; /* 0: no record of it */
	int tid;
	enum wait_kind kind;
	int timed; /* 1, 0, -1: not known */
	bool from_proc; /* no wrapper saw the wait */
	bool partial; /* the stack is cut short */
	int guessed; /* index of the first guessed frame, -1: none */
	uint64_t object;
	uint64_t since_ns; /* age of the wait; NOT_MEASURED when in none */
	uint64_t waits; /* NOT_MEASURED without a record */
	uint64_t
		stable_ns; /* how long every snapshot has found it at this stack; or NOT_MEASURED */
	const struct slot *slot; /* NULL: it has none */
	uint64_t word; /* of the slot, while the wait was seen; only of a wait that it recorded */
	struct creator *creator;
	uintptr_t start;
	int detached; /* 1, 0, -1: not known */
	const struct scope *scope; /* that it was made in, NULL: none */
	int ignored; /* 1, 0, -1: no record of it */
	uint64_t stack_bytes; /* of the mapping; 0: not known */
	uint64_t sleep_ns; /* how long its sleep is to last; 0: not known, or it does not sleep */
	char name[SLOT_NAME_BYTES];
	struct stack *stack; /* NULL: none */
	uint32_t group; /* index into groups */
};

/* A thread that finished and was not joined. */
struct leftover {
	uint64_t id;
	int tid;
	struct creator *creator;
	uintptr_t start;
	uint64_t since_ns, stack_bytes;
	const struct scope *scope;
	bool ignored;
	char name[SLOT_NAME_BYTES];
};

struct snapshot {
	uint64_t taken_ns; /* CLOCK_MONOTONIC */
	struct sighting *threads;
	uint32_t thread_count;
	struct group *groups;
	uint32_t group_count;
	uint32_t *order; /* group indexes by falling count */
	struct leftover *leftovers;
	uint32_t leftover_count;
	struct timer *timers;
	uint32_t timer_count;
	struct evidence evidence;
	struct fds fds;
	int exiting_tid; /* of the thread that ends the process, 0: none does */
	uint64_t blocked;
	uint64_t losses[LOSSES];
	bool failed; /* memory was short: some threads are missing, and counted as lost */
};

/* Prepares to take snapshots; the calling thread is the watcher. */
void snapshot_open(void);

/* The host's thread that is ending the process and waits for the last dump: it counts as running. Any
 * thread. */
void snapshot_exiting(int tid);

/* Takes one. What it points to stays valid until the next. */
const struct snapshot *snapshot_take(void);

/* What "status" answers: of a snapshot taken for it. */
struct snapshot_status {
	uint64_t threads, blocked, oldest_ns;
};
struct snapshot_status snapshot_status(void);

/* In the child of a fork: the parent's watcher may have been in the middle of anything; starts over. */
void snapshot_forget(void);

#endif
