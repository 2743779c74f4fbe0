/*
 * evidence.h - what is known of the objects that threads wait on: who last woke them, who owns them.
 *
 * Watcher only. Gathered once the threads of a snapshot are known. A row is left out rather than doubtful.
 */
#ifndef LEAKWATCH_EVIDENCE_H
#define LEAKWATCH_EVIDENCE_H

#include "preload/contract/dump.h"
#include "preload/fds.h"
#include "preload/wakers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sighting;

/* Of a condition variable, semaphore or futex that a wrapper saw a thread wait on; or of a pipe, Unix socket or eventfd. */
struct waker_row {
	uintptr_t object; /* an address, or the number of the descriptor that is waited on */
	bool is_fd;
	enum waking_known known;
	struct waking waking;
	int alive; /* the last waker: 1, 0, -1: not known */
};

enum lock_kind { LOCK_MUTEX, LOCK_RWLOCK, LOCK_SEMAPHORE };

/* Of a mutex, read-write lock, or semaphore that is used as a lock, that somebody waits on. */
struct owner_row {
	uintptr_t object;
	enum lock_kind kind;
	int tid; /* of the owner, 0: nobody owns it (readers may), -1: not known any more */
	uint64_t thread; /* its never-reused id, 0: no record of it */
	int alive; /* 1, 0, -1: not known (a lock shared between processes) */
	uint64_t readers; /* that hold it */
};

struct evidence {
	const struct waker_row *wakers;
	size_t waker_count;
	const struct owner_row *owners;
	size_t owner_count;
};

/* What threads wait on. Valid until the next. Memory that is short leaves rows out. */
struct evidence evidence_gather(
	const struct sighting *threads, uint32_t count, const struct fds *fds);

/* In the child of a fork: starts over. */
void evidence_forget(void);

#endif
