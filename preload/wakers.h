/*
 * wakers.h - who last woke an object: which thread, from where, how often.
 *
 * A lossy table: an object's row is overwritten when another object of the same hash is woken. What it
 * says of an object is what was last noted of it, or nothing.
 */
#ifndef LEAKWATCH_WAKERS_H
#define LEAKWATCH_WAKERS_H

#include "preload/slot.h"

struct waker {
	_Atomic uintptr_t object; /* 0: the row is empty */
	_Atomic uint64_t thread; /* its id; 0 if it has no slot */
	_Atomic uintptr_t place; /* return address of the waking call */
	_Atomic uint32_t count; /* wakes since the object took the row */
	_Atomic uint32_t tick; /* the watcher's tick of the last one */
};

#define WAKERS 4096u

extern struct waker wakers[WAKERS];
extern _Atomic uint32_t wakers_tick; /* advanced by the watcher */

static inline struct waker *waker_row(uintptr_t object)
{
	return &wakers[(uint32_t)((object >> 3) * 2654435761u) >> 20];
}

/* Notes a wake. Any thread, any time, signal handlers included; no lock: two wakes of one object at one
 * moment may count as one. */
static inline __attribute__((always_inline)) void waker_note(uintptr_t object, uintptr_t place)
{
	struct waker *row = waker_row(object);
	struct slot *self = slot_self;
	uint32_t count = atomic_load_explicit(&row->count, memory_order_relaxed);
	if (atomic_load_explicit(&row->object, memory_order_relaxed) != object) {
		atomic_store_explicit(&row->object, object, memory_order_relaxed);
		count = 0;
	}
	atomic_store_explicit(&row->thread, slot_usable(self) ? self->id : 0, memory_order_relaxed);
	atomic_store_explicit(&row->place, place, memory_order_relaxed);
	atomic_store_explicit(&row->tick, atomic_load_explicit(&wakers_tick, memory_order_relaxed),
		memory_order_relaxed);
	atomic_store_explicit(&row->count, count + 1, memory_order_relaxed);
}

/* What is noted of object: false if nothing is. Watcher only. */
struct waking {
	uint64_t thread;
	uintptr_t place;
	uint32_t count, tick;
};
bool waker_find(uintptr_t object, struct waking *waking);

#endif
