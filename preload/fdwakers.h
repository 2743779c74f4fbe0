/*
 * fdwakers.h - who last wrote to a pipe, socket pair or eventfd of this process: which thread, from where, how often.
 *
 * By the number of the descriptor, and only for those whose creation was seen: what is written to a number
 * before belongs to another file. Of others, and of numbers beyond the table, nothing is known. What stdio,
 * another process or an io_uring writes is not seen.
 */
#ifndef LEAKWATCH_FDWAKERS_H
#define LEAKWATCH_FDWAKERS_H

#include "preload/wakers.h"

#define FDWAKERS 4096u

/* A cache line each: threads that write to neighbours would share one. object is 1 from creation on. */
struct fdwaker {
	struct waker row;
} __attribute__((aligned(64)));
extern struct fdwaker fdwakers[FDWAKERS];

/* Notes that the caller is about to write. Any thread, any time. */
static inline __attribute__((always_inline)) void fdwaker_note(int fd, uintptr_t place)
{
	struct waker *row = (unsigned)fd < FDWAKERS ? &fdwakers[fd].row : NULL;
	if (row && atomic_load_explicit(&row->object, memory_order_relaxed))
		waker_row_note(row, place);
}

/* The descriptor was just created, by a call that makes such things. Any thread, any time. */
static inline void fdwaker_begin(int fd)
{
	if ((unsigned)fd >= FDWAKERS)
		return;
	struct waker *row = &fdwakers[fd].row;
	waker_row_renew(row);
	atomic_store_explicit(&row->object, 1, memory_order_relaxed);
}

/* The descriptor to became a copy of from. Any thread, any time. */
void fdwaker_copied(int from, int to);

/* Who wrote to a descriptor. WAKING_LOST: nothing is known. Watcher only. */
enum waking_known fdwaker_find(unsigned fd, struct waking *waking);

/* In the child of a fork: the threads that it speaks of are the parent's. */
void fdwakers_forget(void);

#endif
