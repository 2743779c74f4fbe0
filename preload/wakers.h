/*
 * wakers.h - who last woke an object: which thread, from where, how often.
 *
 * A lossy table of pairs of rows, a cache line each: an object lies in either row of its pair, and one that
 * finds both taken pushes out the one that was woken longer ago. Rows are never emptied. So an object that
 * is not found was never woken if its pair has an empty row, and nothing is known of it otherwise.
 *
 * Objects are addresses, and an address may be used again: an object that is initialised or destroyed begins
 * anew, its row as of one that nobody woke. What is neither (PTHREAD_COND_INITIALIZER in memory that is used
 * again, a futex) keeps what an earlier object at the same place was woken by.
 *
 * A semaphore has a second row, of those that passed it: where each that passes posts again, it is a lock, and
 * the last that passed holds it.
 */
#ifndef LEAKWATCH_WAKERS_H
#define LEAKWATCH_WAKERS_H

#include "preload/slot.h"

struct waker {
	_Atomic uintptr_t object; /* waker_key(), 0: the row is empty */
	_Atomic uint64_t thread; /* its id; 0 if it has no slot */
	_Atomic uintptr_t place; /* return address of the waking call */
	_Atomic uint32_t
		count; /* WAKER_SEVERAL, and wakes since the object took the row; may wrap */
	_Atomic uint32_t tick; /* the watcher's tick of the last one */
};

#define WAKER_SEVERAL	 0x80000000u /* more than one thread woke it */
#define WAKER_COUNT_MASK 0x7fffffffu
#define WAKER_HANDED	 0x40000000u /* of passing: posted by another than the last that passed */
#define WAKER_PASS_MASK	 0x3fffffffu /* a carry out of it says WAKER_HANDED, which is silence */
#define WAKER_PAIRS	 8192u

extern struct waker wakers[WAKER_PAIRS][2] __attribute__((visibility("hidden")));
extern _Atomic uint32_t wakers_tick
	__attribute__((visibility("hidden"))); /* advanced by the watcher */

/* Inverted, so that a collector or leak checker that scans the data of loaded libraries finds no pointers
 * to the host's objects here. */
static inline uintptr_t waker_key(uintptr_t object)
{
	return ~object;
}

/* Not multiplied: objects in a row of equal allocations are the usual case, and some strides of theirs fall
 * into few rows of a multiplicative hash. 5,000 objects lose 1.4 % of their rows in the mean of all strides
 * from 16 to 4,096, and 11 % in the worst. */
static inline struct waker *waker_pair(uintptr_t object)
{
	return wakers[((object >> 3) ^ (object >> 16)) % WAKER_PAIRS];
}

/* The row for an object that is in neither of its pair's: the empty one, or the one woken longer ago. */
struct waker *waker_take(struct waker *pair, uintptr_t key) __attribute__((cold));

/* Notes a wake in the row of its object. */
static inline __attribute__((always_inline)) void waker_row_note(struct waker *row, uintptr_t place)
{
	struct slot *self = slot_self;
	uint64_t thread = slot_usable(self) ? self->id : 0;
	uint32_t count = atomic_load_explicit(&row->count, memory_order_relaxed);
	if (__builtin_expect(
		    atomic_load_explicit(&row->thread, memory_order_relaxed) != thread, 0)) {
		count |= count ? WAKER_SEVERAL : 0;
		atomic_store_explicit(&row->thread, thread, memory_order_relaxed);
	}
	atomic_store_explicit(&row->place, place, memory_order_relaxed);
	atomic_store_explicit(&row->tick, atomic_load_explicit(&wakers_tick, memory_order_relaxed),
		memory_order_relaxed);
	atomic_store_explicit(&row->count, count + 1, memory_order_relaxed);
}

/* The row as of an object that nobody woke. */
static inline void waker_row_renew(struct waker *row)
{
	atomic_store_explicit(&row->place, 0, memory_order_relaxed);
	atomic_store_explicit(&row->count, 0, memory_order_relaxed);
}

/* Notes a wake. Any thread, any time, signal handlers included; no lock: two wakes of one object at one
 * moment may count as one. */
static inline __attribute__((always_inline)) void waker_note(uintptr_t object, uintptr_t place)
{
	struct waker *row = waker_pair(object);
	uintptr_t key = waker_key(object);
	if (atomic_load_explicit(&row->object, memory_order_relaxed) != key) {
		row++;
		if (atomic_load_explicit(&row->object, memory_order_relaxed) != key)
			row = waker_take(row - 1, key);
	}
	waker_row_note(row, place);
}

/* The row of an object, NULL if it has none. */
static inline __attribute__((always_inline)) struct waker *waker_row(uintptr_t object)
{
	struct waker *row = waker_pair(object);
	uintptr_t key = waker_key(object);
	for (int i = 0; i < 2; i++, row++)
		if (atomic_load_explicit(&row->object, memory_order_relaxed) == key)
			return row;
	return NULL;
}

/* The object that stands for the passing of a semaphore: no other has its address, and its pair is another. */
static inline uintptr_t waker_passing(uintptr_t semaphore)
{
	return semaphore ^ 0x4001;
}

/* Notes that the caller is about to post: before it does, since then another may pass. */
static inline __attribute__((always_inline)) void waker_post_note(
	uintptr_t semaphore, uintptr_t place)
{
	struct waker *passing = waker_row(waker_passing(semaphore));
	struct slot *self = slot_self;
	uint64_t thread = slot_usable(self) ? self->id : 0;
	if (passing && atomic_load_explicit(&passing->thread, memory_order_relaxed) != thread)
		atomic_store_explicit(&passing->count,
			atomic_load_explicit(&passing->count, memory_order_relaxed) | WAKER_HANDED,
			memory_order_relaxed);
	waker_note(semaphore, place);
}

/* Notes that the caller has passed a semaphore. */
static inline __attribute__((always_inline)) void waker_pass_note(
	uintptr_t semaphore, uintptr_t place)
{
	waker_note(waker_passing(semaphore), place);
}

/* An object is initialised or destroyed: nobody woke it yet, or will again. Any thread, any time. */
static inline void waker_renew(uintptr_t object)
{
	struct waker *row = waker_row(object);
	if (row)
		waker_row_renew(row);
}

/* What is noted of object. Watcher only. */
enum waking_known {
	WAKING_LOST, /* nothing can be said: others have its rows */
	WAKING_NEVER, /* no noted call ever woke it */
	WAKING_NOTED,
};
struct waking {
	uint64_t thread; /* the last; 0: one without a record */
	uintptr_t place;
	uint32_t count;
	uint32_t ticks_ago; /* of the last */
	bool several; /* not all by the same thread */
};
enum waking_known waker_find(uintptr_t object, struct waking *waking);

/* What its row says of an object. Watcher only. */
enum waking_known waker_row_read(const struct waker *row, struct waking *waking);

/* The thread that holds a semaphore: of those that passed it one more than posted, and no other than the last that
 * passed ever posted. False where it is no such lock, nobody holds it, or that is not known. Watcher only. */
bool waker_holder(uintptr_t semaphore, uint64_t *thread);

/* In the child of a fork: the threads that it speaks of are the parent's. */
void wakers_forget(void);

#endif
