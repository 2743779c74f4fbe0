/*
 * snapshot.c - looks at every thread, by its slot or by /proc, and sorts them into groups.
 *
 * A wait recorded in a slot is taken as it stands if the slot's word is the same before and after its
 * stack was copied and followed. One whose stack was found before, and whose entry is the same, keeps
 * that stack and costs two loads. A slot whose thread was found outside of its wait (tick.c) is read by way of
 * /proc until it moves.
 */
#include "preload/snapshot.h"
#include "preload/fdwakers.h"
#include "preload/arena.h"
#include "preload/array.h"
#include "preload/frozen.h"
#include "preload/looks.h"
#include "preload/modules.h"
#include "preload/peek.h"
#include "preload/proc.h"
#include "preload/recall.h"
#include "preload/store.h"
#include "preload/strangers.h"
#include "preload/scopes.h"
#include "preload/sleep.h"
#include "preload/sys.h"
#include "preload/syscalls.h"
#include "preload/threads.h"
#include "preload/tick.h"
#include "preload/tids.h"
#include "preload/unwind.h"
#include "preload/wakers.h"

#include <string.h>

#define CACHE_LINE_BYTES 64
#define LOOKS		 3 /* at a thread that keeps moving, before it counts as running */
#define DUMP_NAMES	 64u /* names read for the first time in one dump */
#define LISTINGS_SKIPPED 16u

static struct snapshot snapshot;
static struct proc_self self;
static uint32_t generation; /* of the stacks that slots refer to */
static unsigned names_left; /* that this dump may still read */

static _Atomic int exiting_tid;

void snapshot_exiting(int tid)
{
	atomic_store(&exiting_tid, tid);
}

void snapshot_open(void)
{
	proc_open();
	proc_self_read(&self);
}

static struct array threads_array, leftovers_array, timers_array;

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
		!groups_join(thread)) {
		snapshot.failed = true;
		snapshot.losses[LOSS_STACKS_FULL]++;
		return;
	}
	snapshot.blocked += thread->kind != WAIT_RUNNING && thread->kind != WAIT_UNKNOWN;
	((struct sighting *)threads_array.memory)[snapshot.thread_count++] = *thread;
}

/* Follows the stack of a wait and hands the result to the sighting. start: what was copied of it, NULL if nothing. */
static void sighting_stack(struct sighting *thread, const struct registers *registers,
	unsigned have, const struct frozen_start *start)
{
	static struct frozen frozen;
	thread->guessed = -1;
	thread->partial = false;
	thread->stack = start ? recall_find(registers, start->copy, start->bytes) : NULL;
	if (thread->stack)
		return;
	if (!frozen_walk(registers, have, start, &frozen)) {
		snapshot.losses[LOSS_STACK_UNREADABLE]++;
		return;
	}
	thread->stack = stack_intern(frozen.frames, frozen.count);
	thread->guessed = frozen.guessed;
	thread->partial = frozen.partial;
	if (start && frozen.trail.whole && thread->stack)
		recall_keep(&frozen.trail, thread->stack);
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
		/* A thread in a system call of our own waits for us: for the answer to a call of leakwatch.h. */
		if (wait.kind == WAIT_RUNNING || address_is_own(wait.pc))
			break;
		struct registers registers = {.pc = wait.pc, .sp = wait.sp};
		sighting_stack(thread, &registers, HAVE_PC | HAVE_SP, NULL);
		if (proc_wait_read(thread->tid, &again) < 0 || !proc_wait_same(&wait, &again))
			continue;
		thread->kind = wait.kind;
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

/* --- looking ahead ------------------------------------------------------------------------------------ */

/*
 * The slots that come next are looked at a first time, all together: that brings them into the cache, which takes
 * longer than all that is done with them, and tells which stacks will be needed, so that they can be copied in one
 * go. A copy is good if the slot's word is still the one that it was made under when its turn comes.
 */
#define AHEAD FROZEN_STARTS

static struct {
	uint32_t end; /* slots below were looked at */
	unsigned count, next; /* of the copies; the first that may still be asked for */
	struct frozen_start starts[AHEAD];
	const struct slot *slots[AHEAD];
	uint64_t words[AHEAD];
} ahead;

static void slot_prefetch(const struct slot *slot)
{
	for (size_t line = 0; line < sizeof *slot; line += CACHE_LINE_BYTES)
		__builtin_prefetch((const char *)slot + line);
}

static void slot_ahead(const struct slot *slot)
{
	uint32_t flags = atomic_load_explicit(&slot->flags, memory_order_acquire);
	if ((flags & (SLOT_USED | SLOT_EXITED)) != SLOT_USED)
		return;
	uint64_t word = atomic_load_explicit(&slot->word, memory_order_acquire);
	uint64_t depth = word & SLOT_DEPTH_MASK;
	if (!depth || depth > SLOT_NESTING)
		return;
	const struct wait *wait = &slot->waits[depth - 1];
	uint64_t entry = atomic_load_explicit(&wait->entry, memory_order_acquire);
	if (entry == WAIT_UNFILLED || (slot->seen.stack && slot->seen.stack_entry == entry))
		return;
	size_t bytes = recall_bytes(wait->registers.pc);
	if (!bytes || bytes > 4 * FROZEN_START_BYTES)
		bytes = FROZEN_START_BYTES;
	ahead.starts[ahead.count] =
		(struct frozen_start){.low = wait->registers.sp, .bytes = bytes};
	ahead.slots[ahead.count] = slot;
	ahead.words[ahead.count++] = word;
}

static void slots_ahead(uint32_t from)
{
	uint32_t end = slots_end();
	ahead.end = end - from < AHEAD ? end : from + AHEAD;
	ahead.count = ahead.next = 0;
	for (uint32_t i = ahead.end; i < end && i < ahead.end + AHEAD; i++)
		if (slot_at(i))
			slot_prefetch(slot_at(i));
	for (uint32_t i = from; i < ahead.end; i++)
		if (slot_at(i))
			slot_ahead(slot_at(i));
	frozen_copy(ahead.starts, ahead.count);
}

/* The copy of the slot's stack that was made under this word; NULL: none. Asked in the order of the slots. */
static const struct frozen_start *start_of(const struct slot *slot, uint64_t word)
{
	while (ahead.next < ahead.count && ahead.slots[ahead.next]->index < slot->index)
		ahead.next++;
	if (ahead.next == ahead.count || ahead.slots[ahead.next] != slot ||
		ahead.words[ahead.next] != word)
		return NULL;
	const struct frozen_start *start = &ahead.starts[ahead.next];
	return start->copy ? start : NULL;
}

/* --- by its slot ---------------------------------------------------------------------------------------- */

static void stack_from_slot(
	struct sighting *thread, struct slot *slot, const struct wait *wait, uint64_t word)
{
	if (stack_known(slot, wait)) {
		thread->stack = slot->seen.stack;
		thread->guessed = slot->seen.guessed;
		thread->partial = slot->seen.partial;
		return;
	}
	sighting_stack(thread, &wait->registers, HAVE_ALL, start_of(slot, word));
}

static void stack_to_slot(const struct sighting *thread, struct slot *slot, const struct wait *wait)
{
	slot->seen.stack = thread->stack;
	slot->seen.guessed = thread->guessed;
	slot->seen.partial = thread->partial;
	slot->seen.stack_entry = wait->entry;
	slot->seen.generation = generation;
}

/* By its slot. False when it is in no wait that a wrapper recorded. */
static bool sight_by_slot(struct sighting *thread, struct slot *slot)
{
	struct wait wait;
	for (int look = 0; look < LOOKS; look++) {
		uint64_t word = look_wait(slot, &wait);
		if (!word)
			return false;
		stack_from_slot(thread, slot, &wait, word);
		if (!look_unmoved(slot, word))
			continue;
		look_note(slot, &wait, snapshot.taken_ns);
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

static void name_from_slot(struct sighting *thread, struct slot *slot)
{
	if (!slot->seen.name_read && names_left) {
		names_left--;
		look_at_name(slot);
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
	look_note(slot, NULL, snapshot.taken_ns);
	if (slot->asks || thread.tid == exiting_tid)
		sighting_runs(&thread);
	else if (!sight_by_slot(&thread, slot))
		sight_by_proc(&thread);
	thread.waits = ((slot->word >> SLOT_DEPTH_BITS) - slot->first_count + 1) / 2;
	thread.creator = slot->creator;
	thread.start = (uintptr_t)slot->start;
	thread.detached = flags & SLOT_FOREIGN && slot->id != 1 ? -1 : !!(flags & SLOT_DETACHED);
	thread.scope = slot->made_in;
	thread.ignored = slot->ignored;
	thread.stack_bytes = slot->stack_bytes;
	if (thread.kind == WAIT_SLEEP && !thread.from_proc)
		thread.sleep_ns = sleep_length_ns(thread.object);
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
		.detached = -1,
		.ignored = -1};
	if (!proc_name_read(tid, thread.name) || proc_is_kernels(tid))
		return; /* it has gone meanwhile, or is no thread of the program's */
	sight_by_proc(&thread);
	sighting_keep(&thread);
}

static void leftover_keep(struct slot *slot, uint32_t flags)
{
	look_note(slot, NULL, snapshot.taken_ns);
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
		.stack_bytes = slot->stack_bytes,
		.scope = slot->made_in,
		.ignored = slot->ignored};
	memcpy(leftover->name, slot->name, SLOT_NAME_BYTES);
	/* It may have been joined meanwhile, and its slot be another's. */
	if (atomic_load(&slot->flags) != flags)
		snapshot.leftover_count--;
}

static void leftover_visit(struct slot *slot, uint64_t id, uint32_t flags)
{
	if (slot_flags_are_of(flags, id) && !(flags & (SLOT_DETACHED | SLOT_FOREIGN)))
		leftover_keep(slot, flags);
}

/* A thread that the list does not have: just created, just finished, or ended without destructors. */
static bool slot_lives(struct slot *slot, uint64_t id)
{
	if (sys_call3(SYS_tgkill, self.pid, slot->tid, 0) >= 0)
		return true;
	thread_vanished(slot, id);
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
		leftover_visit(slot, id, flags);
		return;
	}
	bool found = listing == COUNTED || (listing == LISTED && tids_claim(tid));
	if (!found && !slot_lives(slot, id)) {
		flags = atomic_load_explicit(&slot->flags, memory_order_acquire);
		if (flags & SLOT_EXITED)
			leftover_visit(slot, id, flags);
		return;
	}
	slot_sight(slot, flags);
}

/* Growing step by step, and touching page after page, would take longer than filling it. */
static void threads_expect(size_t count)
{
	size_t bytes = count * sizeof(struct sighting);
	if (threads_array.room < bytes &&
		array_room(&threads_array, count, sizeof(struct sighting)))
		arena_populate(threads_array.memory, bytes);
}

/* Listing 10,000 threads takes most of the time of a dump in which nothing moved. Where the kernel counts as
 * many threads as there are slots, there is nothing to learn from it; but not more than a few times in a row,
 * since a thread that ended unseen and one that began unseen would make up for each other. */
static enum listing threads_list(const int **tids, size_t *listed)
{
	static unsigned skipped;
	long live = 0;
	for (uint32_t i = 0, end = slots_end(); i < end; i++) {
		const struct slot *slot = slot_at(i);
		live += slot && (slot->flags & (SLOT_USED | SLOT_EXITED)) == SLOT_USED && slot->tid;
	}
	threads_expect((size_t)live);
	if (proc_threads_count() == live + tids_excluded_alive() && skipped++ < LISTINGS_SKIPPED)
		return COUNTED;
	*listed = tids_list(tids);
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
	snapshot.losses[LOSS_SCOPES] = scopes_lost();
	for (uint32_t i = 0; i < CREATORS; i++)
		if (creator_at(i) && creator_at(i)->partial)
			snapshot.losses[LOSS_CREATOR_PARTIAL] += creator_at(i)->made;
}

const struct snapshot *snapshot_take(void)
{
	groups_begin();
	modules_begin();
	recall_begin();
	generation = stacks_generation();
	snapshot = (struct snapshot){.taken_ns = sys_clock_ns(CLOCK_MONOTONIC),
		.exiting_tid = atomic_load(&exiting_tid)};
	names_left = DUMP_NAMES;

	const int *tids = NULL;
	size_t listed = 0;
	enum listing listing = threads_list(&tids, &listed);
	ahead.end = 0;
	for (uint32_t i = 0; i < slots_end(); i++) {
		if (i == ahead.end)
			slots_ahead(i);
		struct slot *slot = slot_at(i);
		if (slot)
			slot_visit(slot, listing);
	}
	for (size_t i = 0; i < listed; i++)
		if (tids_stray(tids[i]))
			stranger_sight(tids[i]);
	timers_look(
		snapshot.thread_count ? ((struct sighting *)threads_array.memory)->tid : self.pid,
		timer_keep, NULL);
	losses_count();
	snapshot.threads = threads_array.memory;
	snapshot.order = groups_order();
	snapshot.groups = groups_at(0);
	snapshot.group_count = snapshot.order ? groups_count() : 0;
	snapshot.leftovers = leftovers_array.memory;
	snapshot.timers = timers_array.memory;
	snapshot.fds = fds_gather(snapshot.threads, snapshot.thread_count);
	snapshot.evidence = evidence_gather(snapshot.threads, snapshot.thread_count, &snapshot.fds);
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

void snapshot_forget(void)
{
	threads_array = leftovers_array = timers_array = (struct array){NULL, 0};
	memset(&snapshot, 0, sizeof snapshot);
	exiting_tid = 0;
	tids_forget();
	groups_forget();
	tick_forget();
	frozen_forget();
	recall_forget();
	strangers_forget();
	stacks_forget();
	evidence_forget();
	fds_forget();
	wakers_forget();
	fdwakers_forget();
}
