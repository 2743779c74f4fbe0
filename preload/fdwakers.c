/*
 * fdwakers.c - the table of last writers, and its reading.
 */
#include "preload/fdwakers.h"
#include "preload/sys.h"

/* Whole pages, so that fdwakers_forget() gives back these and no others. */
_Alignas(4096) struct fdwaker fdwakers[FDWAKERS];

void fdwaker_copied(int from, int to)
{
	bool known = (unsigned)from < FDWAKERS &&
		     atomic_load_explicit(&fdwakers[from].row.object, memory_order_relaxed);
	if (from == to || (unsigned)to >= FDWAKERS)
		return;
	if (known)
		fdwaker_begin(to);
	else if (atomic_load_explicit(&fdwakers[to].row.object, memory_order_relaxed))
		atomic_store_explicit(&fdwakers[to].row.object, 0, memory_order_relaxed);
}

enum waking_known fdwaker_find(unsigned fd, struct waking *waking)
{
	*waking = (struct waking){0};
	if (fd >= FDWAKERS || !atomic_load_explicit(&fdwakers[fd].row.object, memory_order_relaxed))
		return WAKING_LOST;
	return waker_row_read(&fdwakers[fd].row, waking);
}

/* The pages come back zeroed when they are touched; writing zeros would touch them all. */
void fdwakers_forget(void)
{
	sys_call3(SYS_madvise, (long)fdwakers, sizeof fdwakers, MADV_DONTNEED);
}
