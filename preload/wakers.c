/*
 * wakers.c - the table of last wakers, and its reading.
 */
#include "preload/wakers.h"

struct waker wakers[WAKERS];
_Atomic uint32_t wakers_tick;

bool waker_find(uintptr_t object, struct waking *waking)
{
	struct waker *row = waker_row(object);
	if (!object || atomic_load_explicit(&row->object, memory_order_relaxed) != object)
		return false;
	waking->thread = atomic_load_explicit(&row->thread, memory_order_relaxed);
	waking->place = atomic_load_explicit(&row->place, memory_order_relaxed);
	waking->count = atomic_load_explicit(&row->count, memory_order_relaxed);
	waking->tick = atomic_load_explicit(&row->tick, memory_order_relaxed);
	return true;
}
