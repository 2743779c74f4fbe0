/*
 * snapshot.c - looks at every thread, by its slot or by /proc, and sorts them into groups.
 *
 * A wait recorded in a slot is taken as it stands if the slot's word is the same before and after its
 * stack was copied and followed. One whose stack was found before, and whose entry is the same, keeps
 * that stack and costs two loads. A slot whose thread left a wait unseen (a longjmp that has not waited
 * since) is found out by the tick, which compares each wait once with /proc, and is then read by way of
 * /proc until it moves.
 */
#include "preload/snapshot.h"
#include "preload/array.h"
#include "preload/frozen.h"
#include "preload/modules.h"
#include "preload/peek.h"
#include "preload/proc.h"
#include "preload/store.h"
#include "preload/strangers.h"
#include "preload/sys.h"
#include "preload/syscalls.h"
#include "preload/threads.h"
#include "preload/unwind.h"
#include "preload/wakers.h"

#include <string.h>

#define LOOKS		  3 /* at a thread that keeps moving, before it counts as running */
#define EXCLUDED_MAX	  4 /* threads of ours */
#define TICK_CHECKS	  64u /* waits compared with /proc in one tick: 3 us each */
#define TICK_REVISITS	  32u /* of them, those that were compared before */
#define TICK_NAMES	  16u /* names read again in one tick */
#define TICK_LISTED	  512u /* threads, at most, of a process whose threads each tick lists */
#define TICK_STRANGERS	  64u
#define DUMP_NAMES	  256u /* names read for the first time in one dump */
#define PREFETCH_SLOTS	  8u /* that the tick reads ahead */
#define LISTINGS_SKIPPED  16u
#define STRANGERS_KEEP_NS 600000000000ull

static struct snapshot snapshot;
static struct proc_self self;
static uint32_t generation; /* of the stacks that slots refer to */
static uint32_t stackless; /* groups without a stack, chained like those of one stack: index + 1 */
static unsigned names_left; /* that this dump may still read */

static _Atomic int exiting_tid;
static int excluded[EXCLUDED_MAX];
static _Atomic unsigned excluded_count;

void snapshot_exclude(int tid)
{
	unsigned at = atomic_fetch_add(&excluded_count, 1);
	if (at < EXCLUDED_MAX)
		excluded[at] = tid;
}

/* The opener of libunwind ends soon after it began. */
static long excluded_alive(void)
{
	long alive = 0;
	for (unsigned i = 0; i < excluded_count && i < EXCLUDED_MAX; i++)
		alive += sys_call3(SYS_tgkill, self.pid, excluded[i], 0) == 0;
	return alive;
}

static bool is_excluded(int tid)
{
	for (unsigned i = 0; i < excluded_count && i < EXCLUDED_MAX; i++)
		if (excluded[i] == tid)
			return true;
	return false;
}

void snapshot_exiting(int tid)
{
	atomic_store(&exiting_tid, tid);
}

void snapshot_open(void)
{
	proc_open();
	proc_self_read(&self);
}

static struct array tids_array, seen_array, threads_array, groups_array, order_array,
	leftovers_array, timers_array, settled_array;

/* --- the kernel's list of threads, as a set --------------------------------------------------------- */

/* Open addressing; an entry is a tid, negative once its slot was found. */
static uint32_t tid_mask;

static int *tid_entry(int tid)
{
	int *entries = seen_array.memory;
	uint32_t at = ((uint32_t)tid * 2654435761u) & tid_mask;
	while (entries[at] && entries[at] != tid && entries[at] != -tid)
		at = (at + 1) & tid_mask;
	return &entries[at];
}

static bool tids_index(const int *tids, size_t count)
{
	size_t room = 64;
	while (room < count * 2)
		room *= 2;
	if (!array_room(&seen_array, room, sizeof(int)))
		return false;
	tid_mask = (uint32_t)room - 1;
	memset(seen_array.memory, 0, room * sizeof(int));
	for (size_t i = 0; i < count; i++)
		*tid_entry(tids[i]) = tids[i];
	return true;
}

/* Fills tids_array and its index; returns how many, 0 when /proc does not say. */
static size_t tids_list(void)
{
	for (;;) {
		size_t room = tids_array.room / sizeof(int);
		long count = proc_threads(tids_array.memory, room);
		if (count < 0 ||
			(count > 0 && !array_room(&tids_array, (size_t)count + 64, sizeof(int))))
			count = 0;
		if ((size_t)count <= room)
			return tids_index(tids_array.memory, (size_t)count) ? (size_t)count : 0;
	}
}

/* --- groups ------------------------------------------------------------------------------------------ */

static struct group *group_at(uint32_t index)
{
	return (struct group *)groups_array.memory + index;
}

static bool group_fits(const struct group *group, const struct sighting *thread)
{
	return group->kind == thread->kind && group->timed == thread->timed &&
	       group->from_proc == thread->from_proc && group->partial == thread->partial &&
	       group->guessed == thread->guessed;
}

static bool group_add(struct sighting *thread, uint32_t *first)
{
	if (!array_room(&groups_array, snapshot.group_count + 1, sizeof(struct group)))
		return false;
	*group_at(snapshot.group_count) = (struct group){.stack = thread->stack,
		.kind = thread->kind,
		.timed = thread->timed,
		.from_proc = thread->from_proc,
		.partial = thread->partial,
		.guessed = thread->guessed,
		.count = 1,
		.next = *first};
	thread->group = snapshot.group_count++;
	*first = snapshot.group_count;
	return true;
}

/* Puts the thread into its group. */
static bool group_join(struct sighting *thread)
{
	uint32_t *first = thread->stack ? stack_mark(thread->stack) : &stackless;
	for (uint32_t at = *first; at; at = group_at(at - 1)->next) {
		if (!group_fits(group_at(at - 1), thread))
			continue;
		thread->group = at - 1;
		group_at(at - 1)->count++;
		return true;
	}
	return group_add(thread, first);
}

static void groups_forget(void)
{
	for (uint32_t i = 0; i < snapshot.group_count; i++)
		if (group_at(i)->stack)
			*stack_mark(group_at(i)->stack) = 0;
	stackless = 0;
}

/* Shell sort: libc's qsort() allocates. */
static void groups_order(void)
{
	if (!array_room(&order_array, snapshot.group_count + 1, sizeof(uint32_t)))
		snapshot.failed = true;
	uint32_t count = snapshot.failed ? 0 : snapshot.group_count, *order = order_array.memory;
	for (uint32_t i = 0; i < count; i++)
		order[i] = i;
	for (uint32_t gap = count / 2; gap; gap /= 2)
		for (uint32_t i = gap; i < count; i++) {
			uint32_t moved = order[i], at = i;
			for (; at >= gap &&
				group_at(order[at - gap])->count < group_at(moved)->count;
				at -= gap)
				order[at] = order[at - gap];
			order[at] = moved;
		}
	for (uint32_t i = 0; i < count; i++)
		group_at(order[i])->number = i + 1;
	snapshot.order = order;
}

/* --- one thread ------------------------------------------------------------------------------------- */

/* Of several futexes the first stands for all. Its address is in the array that the call was given: in
 * struct futex_waitv, behind the value. */
static uint64_t futexes_first(uint64_t array)
{
	uint64_t waiter[2];
	return peek(waiter, array, sizeof waiter) == sizeof waiter ? waiter[1] : OBJECT_ABSENT;
}

static void sighting_keep(struct sighting *thread)
{
	if (thread->kind == WAIT_FUTEXES)
		thread->object = futexes_first(thread->object);
	thread->partial = thread->partial && thread->stack;
	if (thread->partial)
		snapshot.losses[LOSS_STACK_PARTIAL]++;
	if (!array_room(&threads_array, snapshot.thread_count + 1, sizeof *thread) ||
		!group_join(thread)) {
		snapshot.failed = true;
		snapshot.losses[LOSS_STACKS_FULL]++;
		return;
	}
	snapshot.blocked += thread->kind != WAIT_RUNNING && thread->kind != WAIT_UNKNOWN;
	((struct sighting *)threads_array.memory)[snapshot.thread_count++] = *thread;
}

/* Follows the stack of a wait and hands the result to the sighting. */
static void sighting_stack(
	struct sighting *thread, const struct registers *registers, unsigned have)
{
	static struct frozen frozen;
	thread->stack = NULL;
	thread->guessed = -1;
	thread->partial = false;
	if (!frozen_walk(registers, have, &frozen)) {
		snapshot.losses[LOSS_STACK_UNREADABLE]++;
		return;
	}
	thread->stack = stack_intern(frozen.frames, frozen.count);
	thread->guessed = frozen.guessed;
	thread->partial = frozen.partial;
}

static void sighting_runs(struct sighting *thread)
{
	thread->kind = WAIT_RUNNING;
	thread->timed = -1;
	thread->stack = NULL;
	thread->since_ns = NOT_MEASURED;
	thread->object = 0;
}

/* By /proc: a wait that no wrapper saw, or none. */
static void sight_by_proc(struct sighting *thread)
{
	struct proc_wait wait, again;
	thread->from_proc = true;
	for (int look = 0; look < LOOKS; look++) {
		if (proc_wait_read(thread->tid, &wait) < 0) {
			sighting_runs(thread);
			thread->kind = WAIT_UNKNOWN;
			snapshot.losses[LOSS_THREAD_UNREADABLE]++;
			return;
		}
		if (wait.kind == WAIT_RUNNING)
			break;
		struct registers registers = {.pc = wait.pc, .sp = wait.sp};
		sighting_stack(thread, &registers, HAVE_PC | HAVE_SP);
		if (proc_wait_read(thread->tid, &again) < 0 || !proc_wait_same(&wait, &again))
			continue;
		thread->kind = wait.call < 0 ? WAIT_UNKNOWN : wait.kind;
		thread->timed = wait.timed;
		thread->object = wait.object;
		thread->since_ns =
			snapshot.taken_ns - stranger_since(thread->tid, &wait, snapshot.taken_ns);
		return;
	}
	sighting_runs(thread);
}

/* Whether the stack found for this very wait at an earlier dump is still here. */
static bool stack_known(const struct slot *slot, const struct wait *wait)
{
	return slot->seen.stack && slot->seen.id == slot->id &&
	       slot->seen.stack_entry == wait->entry && slot->seen.generation == generation;
}

static void stack_from_slot(struct sighting *thread, struct slot *slot, const struct wait *wait)
{
	if (stack_known(slot, wait)) {
		thread->stack = slot->seen.stack;
		thread->guessed = slot->seen.guessed;
		thread->partial = slot->seen.partial;
		return;
	}
	sighting_stack(thread, &wait->registers, HAVE_ALL);
}

static void stack_to_slot(const struct sighting *thread, struct slot *slot, const struct wait *wait)
{
	slot->seen.stack = thread->stack;
	slot->seen.guessed = thread->guessed;
	slot->seen.partial = thread->partial;
	slot->seen.stack_entry = wait->entry;
	slot->seen.generation = generation;
}

/* Notes which wait the slot is in; what was noted of an earlier one, or of the slot's earlier thread,
 * goes. */
static void slot_note(struct slot *slot, const struct wait *wait, uint64_t now_ns)
{
	if (slot->seen.id != slot->id) {
		slot->seen.id = slot->id;
		slot->seen.entry = UINT64_MAX;
		slot->seen.stack = NULL;
		slot->seen.stable_stack = NULL;
		slot->seen.exited_ns = 0;
		slot->seen.name_read = false;
		slot->seen.left_word = slot->seen.ran_word = 0;
	}
	if (!wait || slot->seen.entry == wait->entry)
		return;
	slot->seen.entry = wait->entry;
	slot->seen.since_ns = now_ns;
	slot->seen.checked = false;
}

/* The wait that the slot says it is in, with the word that it was read under; 0 when it is in none. */
static uint64_t slot_recorded(struct slot *slot, struct wait *wait)
{
	uint64_t word = atomic_load_explicit(&slot->word, memory_order_acquire);
	uint64_t depth = word & SLOT_DEPTH_MASK;
	if (!depth || depth > SLOT_NESTING)
		return 0;
	const struct wait *record = &slot->waits[depth - 1];
	if (atomic_load_explicit(&record->entry, memory_order_acquire) == WAIT_UNFILLED)
		return 0;
	*wait = *record;
	return word;
}

/* Whether the thread was found outside of the wait that it is in by this word. */
static bool slot_left(const struct slot *slot, uint64_t word)
{
	return slot->seen.left_word == word && slot->seen.id == slot->id;
}

/* The wait that it is in, as far as was found. */
static uint64_t slot_wait(struct slot *slot, struct wait *wait)
{
	uint64_t word = slot_recorded(slot, wait);
	return word && slot_left(slot, word) ? 0 : word;
}

static bool slot_unmoved(struct slot *slot, uint64_t word)
{
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&slot->word, memory_order_relaxed) == word;
}

/* By its slot. False when it is in no wait that a wrapper recorded. */
static bool sight_by_slot(struct sighting *thread, struct slot *slot)
{
	struct wait wait;
	for (int look = 0; look < LOOKS; look++) {
		uint64_t word = slot_wait(slot, &wait);
		if (!word)
			return false;
		stack_from_slot(thread, slot, &wait);
		if (!slot_unmoved(slot, word))
			continue;
		slot_note(slot, &wait, snapshot.taken_ns);
		stack_to_slot(thread, slot, &wait);
		thread->word = word;
		thread->kind = (enum wait_kind)wait.kind;
		thread->timed = (int)wait.timed;
		thread->object = wait.object;
		thread->since_ns = snapshot.taken_ns - slot->seen.since_ns;
		return true;
	}
	snapshot.losses[LOSS_STACK_MOVED]++;
	sighting_runs(thread);
	return true;
}

static void name_refresh(struct slot *slot)
{
	char name[SLOT_NAME_BYTES];
	if (!proc_name_read(slot->tid, name))
		return;
	memcpy(slot->name, name, sizeof name);
	slot->seen.name_read = true;
}

static void name_from_slot(struct sighting *thread, struct slot *slot)
{
	if (!slot->seen.name_read && names_left) {
		names_left--;
		name_refresh(slot);
	}
	const char *name = slot->name[0] ? slot->name : self.name;
	memcpy(thread->name, name, SLOT_NAME_BYTES);
	thread->name[SLOT_NAME_BYTES - 1] = '\0';
}

/* How long every look has found the thread at this stack. A look that found it running begins anew. */
static uint64_t stability(const struct sighting *thread, struct slot *slot)
{
	if (!thread->stack) {
		slot->seen.stable_stack = NULL;
		return NOT_MEASURED;
	}
	if (slot->seen.stable_stack != thread->stack ||
		slot->seen.stable_generation != generation) {
		slot->seen.stable_stack = thread->stack;
		slot->seen.stable_generation = generation;
		slot->seen.stable_ns = snapshot.taken_ns - thread->since_ns;
	}
	return snapshot.taken_ns - slot->seen.stable_ns;
}

static void slot_sight(struct slot *slot, uint32_t flags)
{
	struct sighting thread = {.slot = slot, .id = slot->id, .tid = slot->tid, .guessed = -1};
	slot_note(slot, NULL, snapshot.taken_ns);
	if (thread.tid == exiting_tid)
		sighting_runs(&thread);
	else if (!sight_by_slot(&thread, slot))
		sight_by_proc(&thread);
	thread.waits = ((slot->word >> SLOT_DEPTH_BITS) - slot->first_count + 1) / 2;
	thread.creator = slot->creator;
	thread.start = (uintptr_t)slot->start;
	thread.detached = flags & SLOT_FOREIGN && slot->id != 1 ? -1 : !!(flags & SLOT_DETACHED);
	thread.stable_ns = stability(&thread, slot);
	name_from_slot(&thread, slot);
	if (slot->id == thread.id)
		sighting_keep(&thread);
}

static void stranger_sight(int tid)
{
	struct sighting thread = {.tid = tid,
		.guessed = -1,
		.waits = NOT_MEASURED,
		.stable_ns = NOT_MEASURED,
		.detached = -1};
	if (!proc_name_read(tid, thread.name) || proc_is_kernels(tid))
		return; /* it has gone meanwhile, or is no thread of the program's */
	sight_by_proc(&thread);
	sighting_keep(&thread);
}

static void leftover_keep(struct slot *slot)
{
	slot_note(slot, NULL, snapshot.taken_ns);
	if (!slot->seen.exited_ns)
		slot->seen.exited_ns = snapshot.taken_ns;
	if (!array_room(&leftovers_array, snapshot.leftover_count + 1, sizeof(struct leftover)))
		return;
	struct leftover *leftover =
		(struct leftover *)leftovers_array.memory + snapshot.leftover_count++;
	*leftover = (struct leftover){.id = slot->id,
		.tid = slot->tid,
		.creator = slot->creator,
		.start = (uintptr_t)slot->start,
		.since_ns = snapshot.taken_ns - slot->seen.exited_ns,
		.stack_bytes = slot->stack_bytes};
	memcpy(leftover->name, slot->name, SLOT_NAME_BYTES);
}

static void leftover_visit(struct slot *slot, uint32_t flags)
{
	if (!(flags & (SLOT_DETACHED | SLOT_FOREIGN)))
		leftover_keep(slot);
}

/* A thread that the list does not have: just created, just finished, or ended without destructors. */
static bool slot_lives(struct slot *slot, uint64_t id)
{
	if (sys_call3(SYS_tgkill, self.pid, slot->tid, 0) >= 0)
		return true;
	uint32_t flags = atomic_load_explicit(&slot->flags, memory_order_acquire);
	if (slot->id == id && (flags & SLOT_USED) && !(flags & SLOT_EXITED))
		thread_vanished(slot);
	return false;
}

/* How much this snapshot knows of the kernel's threads. */
enum listing {
	UNLISTED, /* nothing: /proc cannot be read */
	COUNTED, /* that they are as many as the slots */
	LISTED, /* their ids */
};

static void slot_visit(struct slot *slot, enum listing listing)
{
	uint32_t flags = atomic_load_explicit(&slot->flags, memory_order_acquire);
	uint64_t id = slot->id;
	int tid = atomic_load_explicit(&slot->tid, memory_order_acquire);
	if (!(flags & SLOT_USED) || !tid)
		return;
	if (flags & SLOT_EXITED) {
		leftover_visit(slot, flags);
		return;
	}
	int *entry = listing == LISTED ? tid_entry(tid) : NULL;
	if (entry && *entry)
		*entry = -tid;
	else if (listing != COUNTED && !slot_lives(slot, id)) {
		flags = atomic_load_explicit(&slot->flags, memory_order_acquire);
		if (slot->id == id && flags & SLOT_USED && flags & SLOT_EXITED)
			leftover_visit(slot, flags);
		return;
	}
	slot_sight(slot, flags);
}

/* Listing 10,000 threads takes most of the time of a dump in which nothing moved. Where the kernel counts as
 * many threads as there are slots, there is nothing to learn from it; but not more than a few times in a row,
 * since a thread that ended unseen and one that began unseen would make up for each other. */
static enum listing threads_list(size_t *listed)
{
	static unsigned skipped;
	long live = 0;
	for (uint32_t i = 0; i < slots_end(); i++) {
		const struct slot *slot = slot_at(i);
		live += slot && (slot->flags & (SLOT_USED | SLOT_EXITED)) == SLOT_USED && slot->tid;
	}
	if (proc_threads_count() == live + excluded_alive() && skipped++ < LISTINGS_SKIPPED)
		return COUNTED;
	*listed = tids_list();
	skipped = 0;
	return *listed ? LISTED : UNLISTED;
}

/* --- all of them ------------------------------------------------------------------------------------ */

static void timer_keep(void *context, const struct timer *timer)
{
	(void)context;
	if (!array_room(&timers_array, snapshot.timer_count + 1, sizeof *timer))
		return;
	((struct timer *)timers_array.memory)[snapshot.timer_count++] = *timer;
}

static void losses_count(void)
{
	snapshot.losses[LOSS_SLOT_DENIED] = slots_denied;
	snapshot.losses[LOSS_STACKS_FULL] += creators_lost();
	snapshot.losses[LOSS_TIMER_EVENTS] = timers_lost();
	snapshot.losses[LOSS_DUMP_UNWRITTEN] = store_unwritten;
	snapshot.losses[LOSS_DIRECTORY_REFUSED] = store_refused;
	snapshot.losses[LOSS_LIBUNWIND_MISSING] = unwind_failed();
	for (uint32_t i = 0; i < CREATORS; i++)
		if (creator_at(i) && creator_at(i)->partial)
			snapshot.losses[LOSS_CREATOR_PARTIAL] += creator_at(i)->made;
}

const struct snapshot *snapshot_take(void)
{
	groups_forget();
	modules_begin();
	generation = stacks_generation();
	snapshot = (struct snapshot){.taken_ns = sys_clock_ns(CLOCK_MONOTONIC),
		.exiting_tid = atomic_load(&exiting_tid)};
	names_left = DUMP_NAMES;

	size_t listed = 0;
	enum listing listing = threads_list(&listed);
	for (uint32_t i = 0; i < slots_end(); i++) {
		struct slot *slot = slot_at(i);
		if (slot)
			slot_visit(slot, listing);
	}
	const int *tids = tids_array.memory;
	for (size_t i = 0; i < listed; i++)
		if (*tid_entry(tids[i]) > 0 && !is_excluded(tids[i]))
			stranger_sight(tids[i]);
	timers_look(
		snapshot.thread_count ? ((struct sighting *)threads_array.memory)->tid : self.pid,
		timer_keep, NULL);
	groups_order();
	losses_count();
	snapshot.threads = threads_array.memory;
	snapshot.groups = groups_array.memory;
	snapshot.leftovers = leftovers_array.memory;
	snapshot.timers = timers_array.memory;
	snapshot.evidence = evidence_gather(snapshot.threads, snapshot.thread_count);
	snapshot.fds = fds_gather(snapshot.threads, snapshot.thread_count);
	snapshot.losses[LOSS_DESCRIPTORS] = snapshot.fds.unexplained;
	return &snapshot;
}

struct snapshot_status snapshot_status(void)
{
	const struct snapshot *now = snapshot_take();
	struct snapshot_status status = {.threads = now->thread_count, .blocked = now->blocked};
	for (uint32_t i = 0; i < now->thread_count; i++) {
		uint64_t since_ns = now->threads[i].since_ns;
		if (since_ns != NOT_MEASURED && since_ns > status.oldest_ns)
			status.oldest_ns = since_ns;
	}
	return status;
}

/* --- the tick --------------------------------------------------------------------------------------- */

/* Whether a recorded wait may look so to the kernel. */
static bool kinds_agree(enum wait_kind recorded, enum wait_kind now)
{
	switch (recorded) {
	case WAIT_COND:
	case WAIT_SEM:
	case WAIT_MUTEX:
	case WAIT_RDLOCK:
	case WAIT_WRLOCK:
	case WAIT_BARRIER:
	case WAIT_ONCE:
	case WAIT_JOIN:
		return now == WAIT_FUTEX;
	default:
		return now == recorded;
	}
}

/*
 * Whether the thread is where its slot says: in a system call, deeper than the wrapper. The kernel's word
 * is true for the moment of reading; the slot's must be the same before and after.
 *
 * One that runs is about to sleep or to return, or has left by a longjmp and computes: if it runs at the
 * next look, too, it has left, or is not blocked in any case. On an alternate signal stack it may still be
 * in the wait: only what is certainly above has left.
 */
static void wait_check(struct slot *slot, const struct wait *wait, uint64_t word)
{
	struct proc_wait now;
	if (proc_wait_read(slot->tid, &now) < 0 || !slot_unmoved(slot, word))
		return;
	if (now.kind == WAIT_RUNNING) {
		if (slot->seen.ran_word == word)
			slot->seen.left_word = word;
		slot->seen.ran_word = word;
		return;
	}
	slot->seen.checked = true;
	slot->seen.ran_word = 0;
	if (now.sp >= wait->registers.sp && now.sp < slot->stack_high)
		slot->seen.left_word = word;
	else if (kinds_agree((enum wait_kind)wait->kind, now.kind))
		slot->seen.left_word = 0;
}

/* What a tick may still ask of /proc, at 3 us each. */
struct allowance {
	unsigned checks, strangers;
};

/* A wait that no wrapper saw gets its age here. */
static void stranger_tick(int tid, uint64_t now_ns, struct allowance *left)
{
	struct proc_wait wait;
	if (!left->strangers)
		return;
	left->strangers--;
	if (proc_wait_read(tid, &wait) == 0 && wait.kind != WAIT_RUNNING)
		stranger_since(tid, &wait, now_ns);
}

static void slot_tick(struct slot *slot, uint64_t now_ns, struct allowance *left)
{
	struct wait wait;
	uint64_t word = slot_recorded(slot, &wait);
	bool old = word && slot->seen.id == slot->id && slot->seen.entry == wait.entry;
	bool stays = word && !slot_left(slot, word);
	slot_note(slot, stays ? &wait : NULL, now_ns);
	if (!stays)
		stranger_tick(slot->tid, now_ns, left);
	if (!old || slot->seen.checked || !left->checks)
		return;
	left->checks--;
	wait_check(slot, &wait, word);
}

static void names_tick(void)
{
	static uint32_t next;
	uint32_t end = slots_end();
	for (unsigned i = 0; i < TICK_NAMES && i < end; i++) {
		struct slot *slot = slot_at(next++ % end);
		if (slot && (slot->flags & (SLOT_USED | SLOT_EXITED)) == SLOT_USED && slot->tid)
			name_refresh(slot);
	}
}

/* Threads without a slot. Not where there are very many threads: listing them all would cost more than the
 * tick. */
static void strangers_tick(uint64_t now_ns, struct allowance *left)
{
	if (slots_end() > TICK_LISTED)
		return;
	size_t listed = tids_list();
	for (uint32_t i = 0; i < slots_end(); i++) {
		int tid = slot_at(i) ? slot_at(i)->tid : 0, *entry = tid ? tid_entry(tid) : &tid;
		if (*entry > 0)
			*entry = -tid;
	}
	const int *tids = tids_array.memory;
	for (size_t i = 0; i < listed; i++)
		if (*tid_entry(tids[i]) > 0 && !is_excluded(tids[i]))
			stranger_tick(tids[i], now_ns, left);
}

/* The words of slots in waits of which nothing is left to be noted; by index. A wait that goes on then costs a
 * tick one cache line of its slot. */
static uint64_t *settled_word(uint32_t index)
{
	if (!array_room(&settled_array, slots_end(), sizeof(uint64_t)))
		return NULL;
	return (uint64_t *)settled_array.memory + index;
}

static void slot_glance(struct slot *slot, uint64_t now_ns, struct allowance *left)
{
	uint32_t flags = atomic_load_explicit(&slot->flags, memory_order_acquire);
	uint64_t word = atomic_load_explicit(&slot->word, memory_order_relaxed);
	uint64_t *settled = settled_word(slot->index);
	if ((flags & (SLOT_USED | SLOT_EXITED)) == SLOT_USED) {
		if (settled && *settled == word && word & SLOT_DEPTH_MASK)
			return;
		slot_tick(slot, now_ns, left);
		if (settled && slot->seen.checked && slot->seen.id == slot->id)
			*settled = word;
	} else if (flags & SLOT_EXITED && !slot->seen.exited_ns) {
		slot_note(slot, NULL, now_ns);
		slot->seen.exited_ns = now_ns;
	}
}

/* A wait that was checked may be left unseen later: each is checked again, some every tick. */
static void settled_revisit(void)
{
	static uint32_t next;
	uint32_t end = slots_end();
	for (unsigned i = 0; i < TICK_REVISITS && i < end; i++) {
		uint32_t index = next++ % end;
		struct slot *slot = slot_at(index);
		uint64_t *settled = settled_word(index);
		if (settled)
			*settled = 0;
		if (slot)
			slot->seen.checked = false;
	}
}

void snapshot_tick(void)
{
	uint64_t now_ns = sys_clock_ns(CLOCK_MONOTONIC);
	struct allowance left = {TICK_CHECKS, TICK_STRANGERS};
	settled_revisit();
	atomic_fetch_add_explicit(&wakers_tick, 1, memory_order_relaxed);
	for (uint32_t i = 0; i < slots_end(); i++) {
		struct slot *slot = slot_at(i);
		if (!slot)
			continue;
		__builtin_prefetch((char *)slot + PREFETCH_SLOTS * sizeof *slot);
		slot_glance(slot, now_ns, &left);
	}
	names_tick();
	strangers_tick(now_ns, &left);
	if (now_ns > STRANGERS_KEEP_NS)
		strangers_sweep(now_ns - STRANGERS_KEEP_NS);
}

void snapshot_forget(void)
{
	struct array *const arrays[] = {&tids_array, &seen_array, &threads_array, &groups_array,
		&order_array, &leftovers_array, &timers_array, &settled_array};
	for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
		*arrays[i] = (struct array){0};
	memset(&snapshot, 0, sizeof snapshot);
	stackless = 0;
	excluded_count = 0;
	exiting_tid = 0;
	frozen_forget();
	strangers_forget();
	stacks_forget();
	evidence_forget();
	fds_forget();
	wakers_forget();
}
