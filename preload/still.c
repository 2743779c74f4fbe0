/*
 * still.c - compares the threads' CPU clocks, and reads those that moved anew.
 *
 * Guarantee: a thread that is STILL_PARKED was, at every moment since its state was read, inside the call that its
 * slot records: the slot has the entry, the kernel has it asleep in a system call that fits, and its kernel-side
 * stack pointer lies a little below the wrapper's; none of it has changed since. A handler that runs on top of a wait, and a wait that was left by
 * a longjmp, fail that and count as outside.
 *
 * It refuses to reason about a thread by its slot alone.
 */
#include "preload/still.h"
#include "preload/array.h"
#include "preload/proc.h"
#include "preload/sys.h"
#include "preload/syscalls.h"
#include "preload/tids.h"

#include <string.h>

#define CALLEE_BYTES 2048 /* of libc's frames between a wrapper and its system call, at most */
#define THREAD_CPUCLOCK                                                                            \
	6 /* include/linux/posix-timers_types.h: a thread's clock, by the scheduler */

static struct array now_array, last_array, tids_array, known_array;
static size_t last_count;

/* --- sorted lists ------------------------------------------------------------------------------------- */

/* Shell sort: libc's qsort() allocates. */
static void tids_sort(int *tids, size_t count)
{
	for (size_t gap = count / 2; gap; gap /= 2)
		for (size_t i = gap; i < count; i++) {
			int moved = tids[i];
			size_t at = i;
			for (; at >= gap && tids[at - gap] > moved; at -= gap)
				tids[at] = tids[at - gap];
			tids[at] = moved;
		}
}

/* All threads of the process, by tid, into tids_array; 0 if /proc does not say. */
static size_t threads_list(void)
{
	const int *tids;
	size_t count = tids_list(&tids);
	if (!count || !array_room(&tids_array, count, sizeof(int)))
		return 0;
	memcpy(tids_array.memory, tids, count * sizeof(int));
	tids_sort(tids_array.memory, count);
	return count;
}

/* Where a tid stands, or would. */
static size_t still_place(const struct still *list, size_t count, int tid)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (list[middle].tid < tid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct still *still_find(struct still *list, size_t count, int tid)
{
	size_t at = still_place(list, count, tid);
	return at < count && list[at].tid == tid ? &list[at] : NULL;
}

/* --- one thread --------------------------------------------------------------------------------------- */

static uint64_t cpu_ns(int tid)
{
	struct timespec time = {0, 0};
	if (sys_call2(SYS_clock_gettime, (long)(int)((~(unsigned)tid << 3) | THREAD_CPUCLOCK),
		    (long)&time) < 0)
		return UINT64_MAX;
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static uint64_t slot_read(struct slot *slot, struct wait *wait)
{
	uint64_t word = atomic_load_explicit(&slot->word, memory_order_acquire);
	uint64_t depth = word & SLOT_DEPTH_MASK;
	if (!depth || depth > SLOT_NESTING)
		return 0;
	*wait = slot->waits[depth - 1];
	atomic_thread_fence(memory_order_acquire);
	bool same = atomic_load_explicit(&slot->word, memory_order_relaxed) == word;
	return same && wait->entry != WAIT_UNFILLED ? word : 0;
}

/* Of a futex only the object around it is recorded; the mutex of a condition variable not even that. */
static bool objects_agree(const struct wait *wait, const struct proc_wait *now)
{
	return now->kind == WAIT_FUTEX || now->object == OBJECT_ABSENT ||
	       now->object == wait->object;
}

/* Whether the kernel has the thread where its slot says: right below the wrapper. */
static bool wait_confirmed(const struct still *still, const struct proc_wait *now)
{
	const struct wait *wait = &still->wait;
	uintptr_t sp = wait->registers.sp;
	return now->call >= 0 && now->sp <= sp && sp - now->sp < CALLEE_BYTES &&
	       wait_may_be((enum wait_kind)wait->kind, now->kind) && objects_agree(wait, now);
}

static size_t object_bytes(enum wait_kind kind)
{
	switch (kind) {
	case WAIT_COND:
		return sizeof(pthread_cond_t);
	case WAIT_SEM:
		return 32; /* sizeof(sem_t) */
	case WAIT_MUTEX:
		return sizeof(pthread_mutex_t);
	case WAIT_RDLOCK:
	case WAIT_WRLOCK:
		return sizeof(pthread_rwlock_t);
	case WAIT_BARRIER:
		return sizeof(pthread_barrier_t);
	case WAIT_FUTEX:
		return sizeof(int);
	default:
		return 0;
	}
}

/* One that waits on its object itself: a condition variable's waiter that was woken waits for the mutex. */
static bool is_candidate(const struct still *still)
{
	const struct wait *wait = &still->wait;
	if (still->state != STILL_PARKED || wait->timed || still->depth != 1 ||
		still->call != SYS_futex)
		return false;
	if (wait->kind == WAIT_JOIN)
		return wait->object != 0;
	return still->arguments[0] - wait->object < object_bytes((enum wait_kind)wait->kind);
}

static void still_read(struct still *still)
{
	struct proc_wait now;
	still->state = STILL_OUTSIDE;
	still->call = -1;
	still->word = still->slot ? slot_read(still->slot, &still->wait) : 0;
	still->depth = still->word & SLOT_DEPTH_MASK;
	if (proc_wait_read(still->tid, &now) < 0)
		return;
	if (now.kind == WAIT_RUNNING)
		still->state = STILL_RAN;
	still->sp = now.sp;
	still->pc = now.pc;
	still->call = now.call;
	memcpy(still->arguments, now.arguments, sizeof still->arguments);
	if (still->state != STILL_RAN && still->word && wait_confirmed(still, &now))
		still->state = STILL_PARKED;
	still->candidate = is_candidate(still);
}

/* Takes over what is known of a thread that has not run; reads it otherwise. Whether it was known. */
static bool still_fill(struct still *still, int tid)
{
	struct still *last = still_find(last_array.memory, last_count, tid);
	uint64_t now_ns = cpu_ns(tid);
	if (last && last->cpu_ns == now_ns && now_ns != UINT64_MAX && last->state != STILL_RAN) {
		*still = *last;
		return true;
	}
	*still = (struct still){.tid = tid, .cpu_ns = now_ns, .ours = tids_excluded(tid)};
	return still->ours;
}

/* --- all of them -------------------------------------------------------------------------------------- */

static void slots_join(struct stills *stills)
{
	for (uint32_t i = 0; i < slots_end(); i++) {
		struct slot *slot = slot_at(i);
		if (!slot || (slot->flags & (SLOT_USED | SLOT_EXITED)) != SLOT_USED || !slot->tid)
			continue;
		struct still *still = still_find(stills->list, stills->count, slot->tid);
		if (!still || still->ours)
			continue;
		still->slot = slot;
		still->id = slot->id;
	}
}

static void last_keep(const struct stills *stills)
{
	last_count = 0;
	if (!array_room(&last_array, stills->count, sizeof(struct still)))
		return;
	memcpy(last_array.memory, stills->list, stills->count * sizeof(struct still));
	last_count = stills->count;
}

bool stills_look(struct stills *stills)
{
	size_t count = threads_list();
	*stills = (struct stills){0};
	if (!count || !array_room(&now_array, count, sizeof(struct still)) ||
		!array_room(&known_array, count, sizeof(bool)))
		return false;
	stills->list = now_array.memory;
	stills->count = count;
	stills->complete = true;
	bool still = stills->count == last_count;
	bool *known = known_array.memory;
	for (size_t i = 0; i < stills->count; i++) {
		known[i] = still_fill(&stills->list[i], ((int *)tids_array.memory)[i]);
		still = still && known[i];
	}
	slots_join(stills);
	for (size_t i = 0; i < stills->count; i++)
		if (!known[i])
			still_read(&stills->list[i]);
	last_keep(stills);
	return still;
}

/* The clock says it; the word of one that is in a recorded wait would say it as well. */
static bool has_run(const struct still *still)
{
	uint64_t now_ns = cpu_ns(still->tid);
	if (now_ns != still->cpu_ns || now_ns == UINT64_MAX)
		return true;
	return still->word &&
	       atomic_load_explicit(&still->slot->word, memory_order_acquire) != still->word;
}

bool stills_check(struct stills *stills)
{
	bool still = true;
	for (size_t i = 0; i < stills->count; i++) {
		struct still *thread = &stills->list[i];
		if (thread->ours)
			continue;
		if (has_run(thread))
			thread->state = STILL_RAN;
		still = still && thread->state != STILL_RAN;
	}
	still = threads_list() == stills->count && still;
	for (size_t i = 0; still && i < stills->count; i++)
		still = stills->list[i].tid == ((int *)tids_array.memory)[i];
	last_keep(stills);
	return still;
}

void stills_forget(void)
{
	struct array *const arrays[] = {&now_array, &last_array, &tids_array, &known_array};
	for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
		*arrays[i] = (struct array){0};
	last_count = 0;
}
