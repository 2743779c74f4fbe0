/*
 * timers.c - the table of timers.
 *
 * A cell is taken by compare-and-swap from FREE, filled, and published as LIVE; it is emptied the same
 * way. A handle may lie in any cell of its window, so look-ups read the whole window and deletions leave
 * no marks behind. Descriptors of one timerfd have a cell each and share a count: the timer is gone when
 * the last of them is.
 */
#include "preload/timers.h"
#include "preload/arena.h"
#include "preload/kerneltimers.h"
#include "preload/peek.h"
#include "preload/proc.h"
#include "preload/slot.h"
#include "preload/sys.h"
#include "preload/text.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/time.h>

#define CELLS	      32768u
#define WINDOW	      64u
#define SHARES	      8192u
#define KERNEL_TIMERS 1024u
#define UNSEEN_FDS    64u
#define SEARCHED                                                                                   \
	1024u /* descriptors, in a search for timerfds whose making was not seen, at 2 us each */
#define SEARCHED_OFTEN 256u /* in a table of no more, at every look; */
#define UNSEEN_EVERY   16u /* in others, once in so many */

enum { CELL_FREE, CELL_BUSY, CELL_LIVE };

struct cell {
	_Atomic uint32_t state;
	_Atomic uint32_t kind;
	_Atomic uint64_t handle;
	_Atomic uint32_t share; /* index into shares, 0: none */
	struct timer timer;
};

/* Of a timerfd with several descriptors. Never reused. */
struct share {
	_Atomic uint32_t cells;
	uint32_t looked; /* the look that found one of them alive: the watcher's */
};

static struct {
	_Atomic(struct cell *) cells; /* mapped at the first timer */
	_Atomic(struct share *) shares; /* at the first copy */
	_Atomic uint32_t share_count;
	_Atomic int pid; /* whose they are */
	_Atomic long alive, fd_cells;
	_Atomic uint64_t lost, last_id;
} timers;

/* What *place points to, mapped by whoever comes first; NULL when memory is short. */
static void *table_open(_Atomic(void *) *place, size_t bytes)
{
	void *table = atomic_load_explicit(place, memory_order_acquire);
	void *fresh = table ? NULL : arena_map(bytes);
	if (!fresh || atomic_compare_exchange_strong(place, &table, fresh))
		return table ? table : fresh;
	arena_unmap(fresh, bytes);
	return table;
}

static struct cell *cells_open(void)
{
	if (!timers.cells)
		timers.pid = sys_getpid();
	return table_open((_Atomic(void *) *)&timers.cells, CELLS * sizeof(struct cell));
}

static struct share *share_at(uint32_t index)
{
	return atomic_load_explicit(&timers.shares, memory_order_acquire) + index;
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

/* The watcher's: timerfds whose making was not seen, and how many looks there were. */
static int unseen[UNSEEN_FDS];
static unsigned unseen_count;
static uint32_t looks;

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
	uint32_t share = cell->share, live = CELL_LIVE;
	bool is_fd = cell->kind == TIMER_FD;
	if (!atomic_compare_exchange_strong(&cell->state, &live, CELL_FREE))
		return false;
	atomic_fetch_sub_explicit(&timers.fd_cells, is_fd, memory_order_relaxed);
	if (share && atomic_fetch_sub(&share_at(share)->cells, 1) > 1)
		return true;
	creator_gone(creator);
	atomic_fetch_sub_explicit(&timers.alive, 1, memory_order_relaxed);
	return true;
}

static void cell_fill(struct cell *cell, const struct timer *timer, uint32_t share)
{
	cell->timer = *timer;
	cell->share = share;
	atomic_store_explicit(&cell->kind, timer->kind, memory_order_relaxed);
	atomic_store_explicit(&cell->handle, timer->handle, memory_order_relaxed);
	atomic_fetch_add_explicit(&timers.fd_cells, timer->kind == TIMER_FD, memory_order_relaxed);
	atomic_store_explicit(&cell->state, CELL_LIVE, memory_order_release);
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
		.scope = slot_usable(slot_self) ? slot_self->scope : NULL,
		.overruns = -1,
	};
	cell_fill(cell, &timer, 0);
	atomic_fetch_add_explicit(&timers.alive, 1, memory_order_relaxed);
}

void timer_gone(enum timer_kind kind, uint64_t handle)
{
	struct cell *cells = atomic_load_explicit(&timers.cells, memory_order_acquire);
	struct cell *cell = cells ? cell_find(cells, kind, handle) : NULL;
	if (cell)
		cell_empty(cell);
}

/* The share of a cell, made if it has none, with one more cell in it; 0 when there is none to be had. */
static uint32_t share_join(struct cell *cell)
{
	uint32_t share = atomic_load(&cell->share), none = 0;
	if (!table_open((_Atomic(void *) *)&timers.shares, SHARES * sizeof(struct share)))
		return 0;
	if (!share) {
		share = atomic_fetch_add(&timers.share_count, 1) + 1;
		if (share >= SHARES)
			return 0;
		share_at(share)->cells = 1;
		if (!atomic_compare_exchange_strong(&cell->share, &none, share))
			share = none;
	}
	atomic_fetch_add(&share_at(share)->cells, 1);
	return share;
}

static void cell_copy(struct cell *cell, int to)
{
	struct timer timer = cell->timer;
	struct cell *copy = cell_take(timers.cells, TIMER_FD, (unsigned)to);
	uint32_t share = copy ? share_join(cell) : 0;
	timer.handle = (unsigned)to;
	if (share)
		cell_fill(copy, &timer, share);
	else if (copy)
		atomic_store(&copy->state, CELL_FREE);
	if (!share)
		atomic_fetch_add_explicit(&timers.lost, 1, memory_order_relaxed);
}

void timer_copied(int from, int to)
{
	struct cell *cells = atomic_load_explicit(&timers.cells, memory_order_acquire);
	if (!cells || from == to || !atomic_load_explicit(&timers.fd_cells, memory_order_relaxed))
		return;
	struct cell *old = cell_find(cells, TIMER_FD, (unsigned)to);
	struct cell *cell = cell_find(cells, TIMER_FD, (unsigned)from);
	/* The child of a vfork() has descriptors of its own and the parent's memory. */
	if ((!old && !cell) || timers.pid != sys_getpid())
		return;
	if (old)
		cell_empty(old);
	if (cell)
		cell_copy(cell, to);
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
	timers.shares = NULL;
	timers.share_count = 0;
	timers.alive = timers.fd_cells = 0;
	timers.lost = timers.last_id = 0;
	unseen_count = looks = 0;
}

void timers_inherit(void)
{
	struct cell *cells = timers.cells;
	if (!timers.fd_cells) {
		timers_forget();
		return;
	}
	timers.lost = 0;
	timers.pid = sys_getpid();
	unseen_count = looks = 0;
	for (uint32_t i = 1; timers.shares && i <= timers.share_count && i < SHARES; i++)
		share_at(i)->looked = 0;
	for (uint32_t i = 0; i < CELLS; i++) {
		bool live = cells[i].state == CELL_LIVE, is_fd = cells[i].kind == TIMER_FD;
		if (live && !is_fd)
			timers.alive--;
		if (live && is_fd)
			cells[i].timer.creator = creator_inherit(cells[i].timer.creator);
		else
			cells[i].state = CELL_FREE;
	}
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

/* Once an expiration is unread, the kernel counts further ones only when somebody reads. A descriptor that was
 * closed unseen and is another's timerfd now is told by its clock, if at all. */
static bool fd_look(int tid, struct timer *timer)
{
	struct timerfd timerfd;
	if (!timerfd_look(tid, (int)timer->handle, &timerfd) ||
		(timer->clock >= 0 && timer->clock != timerfd.clock))
		return false;
	timer->clock = timerfd.clock;
	timer->period_ns = timerfd.period_ns;
	timer->overruns = timerfd.unread ? -1 : 0;
	return true;
}

static bool timer_look(int tid, struct timer *timer)
{
	switch (timer->kind) {
	case TIMER_POSIX:
		return posix_look(timer);
	case TIMER_FD:
		return fd_look(tid, timer);
	case TIMER_INTERVAL:
		return interval_look(timer);
	}
	return false;
}

/* --- the table, looked at ------------------------------------------------------------------------------- */

struct look {
	int tid;
	void (*note)(void *context, const struct timer *timer);
	void *context;
	size_t listed; /* in kernel_timers */
	bool intervals[3]; /* that the table knows */
};

static struct kernel_timer kernel_timers[KERNEL_TIMERS];
static uint16_t kernel_index[2 * KERNEL_TIMERS]; /* by id: index + 1 */

/* Where the timer with this id is noted, or would be. */
static uint16_t *kernel_entry(int id)
{
	uint32_t at = (uint32_t)id % (2 * KERNEL_TIMERS);
	while (kernel_index[at] && kernel_timers[kernel_index[at] - 1].id != id)
		at = (at + 1) % (2 * KERNEL_TIMERS);
	return &kernel_index[at];
}

/* False where there are more than fit: what is not listed then is not unseen. */
static bool kernel_list(size_t *listed)
{
	bool all = kernel_timers_list(kernel_timers, KERNEL_TIMERS, listed);
	memset(kernel_index, 0, sizeof kernel_index);
	for (size_t i = 0; i < *listed; i++)
		*kernel_entry(kernel_timers[i].id) = (uint16_t)(i + 1);
	return all;
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

/* Whom the kernel notifies: of those with SIGEV_THREAD, a thread of libc's. */
static void server_find(struct timer *timer)
{
	uint16_t entry = *kernel_entry(timer->kernel_id);
	if (!entry)
		return;
	kernel_timers[entry - 1].known = true;
	timer->server = kernel_timers[entry - 1].thread;
}

/* Of several descriptors of one timerfd, the first stands for all. */
static bool share_noted(const struct cell *cell)
{
	if (!cell->share)
		return false;
	struct share *share = share_at(cell->share);
	bool noted = share->looked == looks;
	share->looked = looks;
	return noted;
}

static void cell_look(struct look *look, struct cell *cell)
{
	struct timer timer;
	if (!cell_read(cell, &timer))
		return;
	if (!timer_look(look->tid, &timer)) {
		cell_empty(cell);
		return;
	}
	if (timer.kind == TIMER_POSIX)
		server_find(&timer);
	if (timer.kind == TIMER_INTERVAL)
		look->intervals[timer.handle % 3] = true;
	if (!share_noted(cell))
		look->note(look->context, &timer);
}

/* --- timers whose creation was not seen ------------------------------------------------------------------ */

/* By way of a plugin past the shim, a raw system call, alarm(), exec, a message with descriptors. */
static struct timer timer_unseen(enum timer_kind kind, uint64_t handle, int clock, int notify)
{
	return (struct timer){.kind = kind,
		.handle = handle,
		.clock = clock,
		.notify = notify,
		.made_ns = UINT64_MAX,
		.overruns = -1};
}

static void posix_unseen(const struct look *look)
{
	for (size_t i = 0; i < look->listed; i++) {
		const struct kernel_timer *listed = &kernel_timers[i];
		if (listed->known)
			continue;
		struct timer timer = timer_unseen(
			TIMER_POSIX, (uint64_t)listed->id, listed->clock, listed->notify);
		timer.server = listed->thread;
		if (posix_look(&timer))
			look->note(look->context, &timer);
	}
}

static void intervals_unseen(const struct look *look)
{
	for (unsigned which = ITIMER_REAL; which <= ITIMER_PROF; which++) {
		struct timer timer = timer_unseen(TIMER_INTERVAL, which, -1, SIGEV_SIGNAL);
		if (!look->intervals[which] && interval_look(&timer))
			look->note(look->context, &timer);
	}
}

static bool fd_known(int tid, int fd)
{
	struct cell *cells = atomic_load_explicit(&timers.cells, memory_order_acquire);
	if (cells && cell_find(cells, TIMER_FD, (unsigned)fd))
		return true;
	for (unsigned i = 0; i < unseen_count; i++)
		if (unseen[i] == fd || descriptors_same(tid, fd, unseen[i]))
			return true;
	return false;
}

static void descriptor_visit(const struct proc_descriptor *descriptor, void *tid)
{
	if (unseen_count < UNSEEN_FDS && strcmp(descriptor->link, "anon_inode:[timerfd]") == 0 &&
		!fd_known(*(int *)tid, descriptor->fd))
		unseen[unseen_count++] = descriptor->fd;
}

static void fds_unseen(const struct look *look)
{
	struct cell *cells = atomic_load_explicit(&timers.cells, memory_order_acquire);
	int tid = look->tid;
	unsigned kept = 0;
	if (looks % UNSEEN_EVERY == 1 || proc_table_size(tid) <= SEARCHED_OFTEN)
		proc_descriptors(tid, SEARCHED, descriptor_visit, &tid);
	for (unsigned i = 0; i < unseen_count; i++) {
		struct timer timer =
			timer_unseen(TIMER_FD, (unsigned)unseen[i], -1, TIMER_NOTIFY_FD);
		if ((cells && cell_find(cells, TIMER_FD, timer.handle)) || !fd_look(tid, &timer))
			continue;
		look->note(look->context, &timer);
		unseen[kept++] = unseen[i];
	}
	unseen_count = kept;
}

/* --- all of them ---------------------------------------------------------------------------------------- */

void timers_look(int tid, void (*note)(void *context, const struct timer *timer), void *context)
{
	struct cell *cells = atomic_load_explicit(&timers.cells, memory_order_acquire);
	struct look look = {.tid = tid, .note = note, .context = context};
	looks++;
	bool all = kernel_list(&look.listed);
	for (uint32_t i = 0; cells && timers_alive() && i < CELLS; i++)
		cell_look(&look, &cells[i]);
	if (all)
		posix_unseen(&look);
	intervals_unseen(&look);
	fds_unseen(&look);
}
