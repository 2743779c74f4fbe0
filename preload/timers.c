/*
 * timers.c - the table of timers.
 *
 * A cell is taken by compare-and-swap from FREE, filled, and published as LIVE; it is emptied the same
 * way. A handle may lie in any cell of its window, so look-ups read the whole window and deletions leave
 * no marks behind.
 */
#include "preload/timers.h"
#include "preload/arena.h"
#include "preload/peek.h"
#include "preload/sys.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/time.h>

#define CELLS  32768u
#define WINDOW 64u

enum { CELL_FREE, CELL_BUSY, CELL_LIVE };

struct cell {
	_Atomic uint32_t state;
	_Atomic uint32_t kind;
	_Atomic uint64_t handle;
	struct timer timer;
};

static struct {
	_Atomic(struct cell *) cells; /* mapped at the first timer */
	_Atomic long alive;
	_Atomic uint64_t lost, last_id;
} timers;

static struct cell *cells_open(void)
{
	struct cell *cells = atomic_load_explicit(&timers.cells, memory_order_acquire);
	if (cells)
		return cells;
	struct cell *fresh = arena_map(CELLS * sizeof(struct cell));
	if (!fresh)
		return NULL;
	if (atomic_compare_exchange_strong(&timers.cells, &cells, fresh))
		return fresh;
	arena_unmap(fresh, CELLS * sizeof(struct cell));
	return cells;
}

static uint32_t window_of(enum timer_kind kind, uint64_t handle)
{
	uint64_t hash = (handle * 4 + kind) * 0x9e3779b97f4a7c15ull;
	return (uint32_t)(hash >> 40) % (CELLS - WINDOW);
}

static bool cell_holds(struct cell *cell, enum timer_kind kind, uint64_t handle)
{
	return atomic_load_explicit(&cell->state, memory_order_acquire) == CELL_LIVE &&
	       atomic_load_explicit(&cell->handle, memory_order_relaxed) == handle &&
	       atomic_load_explicit(&cell->kind, memory_order_relaxed) == kind;
}

static struct cell *cell_find(struct cell *cells, enum timer_kind kind, uint64_t handle)
{
	struct cell *window = cells + window_of(kind, handle);
	for (uint32_t i = 0; i < WINDOW; i++)
		if (cell_holds(&window[i], kind, handle))
			return &window[i];
	return NULL;
}

static struct cell *cell_take(struct cell *cells, enum timer_kind kind, uint64_t handle)
{
	struct cell *window = cells + window_of(kind, handle);
	for (uint32_t i = 0; i < WINDOW; i++) {
		uint32_t free = CELL_FREE;
		if (atomic_compare_exchange_strong(&window[i].state, &free, CELL_BUSY))
			return &window[i];
	}
	return NULL;
}

/* True for exactly one of several callers. */
static bool cell_empty(struct cell *cell)
{
	struct creator *creator = cell->timer.creator;
	uint32_t live = CELL_LIVE;
	if (!atomic_compare_exchange_strong(&cell->state, &live, CELL_FREE))
		return false;
	creator_gone(creator);
	atomic_fetch_sub_explicit(&timers.alive, 1, memory_order_relaxed);
	return true;
}

static void cell_fill(struct cell *cell, const struct timer *timer)
{
	cell->timer = *timer;
	atomic_store_explicit(&cell->kind, timer->kind, memory_order_relaxed);
	atomic_store_explicit(&cell->handle, timer->handle, memory_order_relaxed);
	atomic_store_explicit(&cell->state, CELL_LIVE, memory_order_release);
	atomic_fetch_add_explicit(&timers.alive, 1, memory_order_relaxed);
}

static const enum creator_kind creator_kinds[] = {
	[TIMER_POSIX] = CREATES_TIMER,
	[TIMER_FD] = CREATES_TIMERFD,
	[TIMER_INTERVAL] = CREATES_ITIMER,
};

void timer_made(enum timer_kind kind, uint64_t handle, int clock, int notify)
{
	struct cell *cells = cells_open();
	struct cell *old = cells ? cell_find(cells, kind, handle) : NULL;
	if (old && kind == TIMER_INTERVAL)
		return;
	if (old)
		cell_empty(old);
	struct cell *cell = cells ? cell_take(cells, kind, handle) : NULL;
	if (!cell) {
		atomic_fetch_add_explicit(&timers.lost, 1, memory_order_relaxed);
		return;
	}
	struct timer timer = {
		.id = atomic_fetch_add_explicit(&timers.last_id, 1, memory_order_relaxed) + 1,
		.kind = kind,
		.handle = handle,
		.clock = clock,
		.notify = notify,
		.made_ns = sys_clock_ns(CLOCK_MONOTONIC_COARSE),
		.creator = creator_here(creator_kinds[kind]),
		.overruns = -1,
	};
	cell_fill(cell, &timer);
}

void timer_gone(enum timer_kind kind, uint64_t handle)
{
	struct cell *cells = atomic_load_explicit(&timers.cells, memory_order_acquire);
	struct cell *cell = cells ? cell_find(cells, kind, handle) : NULL;
	if (cell)
		cell_empty(cell);
}

long timers_alive(void)
{
	return atomic_load_explicit(&timers.alive, memory_order_relaxed);
}

uint64_t timers_lost(void)
{
	return atomic_load_explicit(&timers.lost, memory_order_relaxed);
}

void timers_forget(void)
{
	timers.cells = NULL;
	timers.alive = 0;
	timers.lost = timers.last_id = 0;
}

/* --- what the kernel knows ------------------------------------------------------------------------ */

static uint64_t timespec_ns(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * 1000000000u + (uint64_t)time->tv_nsec;
}

/* glibc (sysdeps/unix/sysv/linux/kernel-posix-timers.h): a timer that notifies by a thread has a handle
 * with the top bit set, the address of its record shifted right by one; the record begins with the
 * kernel's id. Any other handle is the kernel's id. */
static bool posix_kernel_id(uint64_t handle, int *id)
{
	if ((int64_t)handle >= 0) {
		*id = (int)handle;
		return true;
	}
	return peek(id, handle << 1, sizeof *id) == sizeof *id;
}

static bool posix_look(struct timer *timer)
{
	struct itimerspec value;
	int id;
	if (!posix_kernel_id(timer->handle, &id) ||
		sys_call2(SYS_timer_gettime, id, (long)&value) < 0)
		return false;
	timer->kernel_id = id;
	timer->period_ns = timespec_ns(&value.it_interval);
	timer->overruns = sys_call1(SYS_timer_getoverrun, id);
	return true;
}

static bool interval_look(struct timer *timer)
{
	struct itimerval value;
	if (sys_call2(SYS_getitimer, (long)timer->handle, (long)&value) < 0)
		return false;
	timer->period_ns = (uint64_t)value.it_interval.tv_sec * 1000000000u +
			   (uint64_t)value.it_interval.tv_usec * 1000u;
	return timer->period_ns || value.it_value.tv_sec || value.it_value.tv_usec;
}

/* "it_interval: (0, 10000000)" of /proc/self/fdinfo/FD. Any other descriptor has no such line. */
static bool fd_interval(const char *text, uint64_t *ns)
{
	const char *at = strstr(text, "it_interval: (");
	uint64_t value[2] = {0, 0};
	if (!at)
		return false;
	at += strlen("it_interval: (");
	for (int i = 0; i < 2; i++) {
		while (*at >= '0' && *at <= '9')
			value[i] = value[i] * 10 + (uint64_t)(*at++ - '0');
		while (*at == ',' || *at == ' ')
			at++;
	}
	*ns = value[0] * 1000000000u + value[1];
	return true;
}

static bool fd_look(struct timer *timer)
{
	/* The host's descriptors, not the watcher's own: /proc/self names the whole process. */
	char path[48] = "/proc/self/fdinfo/", digits[24], text[512];
	char *at = path + strlen(path), *digit = digits + sizeof digits;
	uint64_t rest = timer->handle;
	*--digit = '\0';
	do {
		*--digit = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	strcpy(at, digit);
	int fd = sys_open(AT_FDCWD, path, O_RDONLY, 0);
	if (fd < 0)
		return false;
	long bytes = sys_read(fd, text, sizeof text - 1);
	sys_close(fd);
	text[bytes > 0 ? bytes : 0] = '\0';
	return fd_interval(text, &timer->period_ns);
}

static bool timer_look(struct timer *timer)
{
	switch (timer->kind) {
	case TIMER_POSIX:
		return posix_look(timer);
	case TIMER_FD:
		return fd_look(timer);
	case TIMER_INTERVAL:
		return interval_look(timer);
	}
	return false;
}

/* A copy of the cell's timer if it stayed the same meanwhile. */
static bool cell_read(struct cell *cell, struct timer *timer)
{
	if (atomic_load_explicit(&cell->state, memory_order_acquire) != CELL_LIVE)
		return false;
	*timer = cell->timer;
	atomic_thread_fence(memory_order_acquire);
	return cell_holds(cell, timer->kind, timer->handle) && cell->timer.id == timer->id;
}

void timers_look(void (*note)(void *context, const struct timer *timer), void *context)
{
	struct cell *cells = atomic_load_explicit(&timers.cells, memory_order_acquire);
	if (!timers_alive())
		return;
	for (uint32_t i = 0; cells && i < CELLS; i++) {
		struct timer timer;
		if (!cell_read(&cells[i], &timer))
			continue;
		if (timer_look(&timer))
			note(context, &timer);
		else
			cell_empty(&cells[i]);
	}
}
