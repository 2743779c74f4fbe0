/*
 * wakers.c - the table of last wakers, and its reading.
 */
#include "preload/wakers.h"
#include "preload/sys.h"

/* Whole pages, so that wakers_forget() gives back these and no others. */
_Alignas(4096) struct waker wakers[WAKER_PAIRS][2];
_Atomic uint32_t wakers_tick;

struct waker *waker_take(struct waker *pair, uintptr_t key)
{
	uint32_t now = atomic_load_explicit(&wakers_tick, memory_order_relaxed), age[2];
	for (int i = 0; i < 2; i++) {
		age[i] = now - atomic_load_explicit(&pair[i].tick, memory_order_relaxed);
		if (!atomic_load_explicit(&pair[i].object, memory_order_relaxed))
			age[i] = UINT32_MAX;
	}
	struct waker *row = &pair[age[1] > age[0]];
	atomic_store_explicit(&row->count, 0, memory_order_relaxed);
	atomic_store_explicit(&row->object, key, memory_order_relaxed);
	return row;
}

/* Renewed, and not woken since. A count that wrapped around has a place. */
static bool is_renewed(const struct waker *row)
{
	return !(atomic_load_explicit(&row->count, memory_order_relaxed) & WAKER_COUNT_MASK) &&
	       !atomic_load_explicit(&row->place, memory_order_relaxed);
}

enum waking_known waker_row_read(const struct waker *row, struct waking *waking)
{
	if (is_renewed(row))
		return WAKING_NEVER;
	uint32_t count = atomic_load_explicit(&row->count, memory_order_relaxed);
	waking->thread = atomic_load_explicit(&row->thread, memory_order_relaxed);
	waking->place = atomic_load_explicit(&row->place, memory_order_relaxed);
	/* One that wrapped around is no zero: that would say "never". */
	waking->count = count & WAKER_COUNT_MASK ? count & WAKER_COUNT_MASK : WAKER_COUNT_MASK;
	waking->several = count & WAKER_SEVERAL;
	waking->ticks_ago = atomic_load_explicit(&wakers_tick, memory_order_relaxed) -
			    atomic_load_explicit(&row->tick, memory_order_relaxed);
	return WAKING_NOTED;
}

enum waking_known waker_find(uintptr_t object, struct waking *waking)
{
	const struct waker *pair = waker_pair(object);
	enum waking_known known = WAKING_LOST;
	*waking = (struct waking){0};
	for (int i = 0; i < 2; i++) {
		uintptr_t here = atomic_load_explicit(&pair[i].object, memory_order_relaxed);
		if (here == waker_key(object))
			return waker_row_read(&pair[i], waking);
		if (!here)
			known = WAKING_NEVER;
	}
	return known;
}

bool waker_holder(uintptr_t semaphore, uint64_t *thread)
{
	const struct waker *passing = waker_row(waker_passing(semaphore));
	const struct waker *posting = waker_row(semaphore);
	if (!passing)
		return false;
	uint32_t passes = atomic_load_explicit(&passing->count, memory_order_relaxed);
	uint32_t posts = posting ? atomic_load_explicit(&posting->count, memory_order_relaxed) : 0;
	*thread = atomic_load_explicit(&passing->thread, memory_order_relaxed);
	return *thread && !(passes & WAKER_HANDED) && ((passes - posts) & WAKER_PASS_MASK) == 1;
}

/* The pages come back zeroed when they are touched; writing zeros would touch them all. */
void wakers_forget(void)
{
	sys_call3(SYS_madvise, (long)wakers, sizeof wakers, MADV_DONTNEED);
}
