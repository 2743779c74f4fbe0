/*
 * tick.c - looks at every slot, and asks /proc of a few.
 *
 * A slot whose thread left a wait unseen (a longjmp that has not waited since) is found out here: each wait is
 * compared with /proc, a few in each tick.
 */
#include "preload/tick.h"
#include "preload/array.h"
#include "preload/looks.h"
#include "preload/proc.h"
#include "preload/strangers.h"
#include "preload/sys.h"
#include "preload/syscalls.h"
#include "preload/tids.h"
#include "preload/wakers.h"

#define CHECKS		  32u /* waits compared with /proc in one tick: 3 us each */
#define REVISITS	  16u /* of them, those that were compared before */
#define CHECKS_SOUGHT	  512u /* slots that are looked at for those */
#define NAMES		  8u /* names read again in one tick */
#define LISTED		  512u /* threads, at most, of a process whose threads each tick lists */
#define STRANGERS	  64u
#define PREFETCH_SLOTS	  24u /* read ahead */
#define STRANGERS_KEEP_NS 600000000000ull

static struct array settled;

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
	if (proc_wait_read(slot->tid, &now) < 0 || !look_unmoved(slot, word))
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
	else if (wait_may_be((enum wait_kind)wait->kind, now.kind))
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

/* Notes what the slot says; returns the word of the wait that it is in, 0 if it is in none. */
static uint64_t slot_tick(struct slot *slot, uint64_t now_ns, struct allowance *left)
{
	struct wait wait;
	uint64_t word = look_recorded(slot, &wait);
	bool stays = word && !look_left(slot, word);
	look_note(slot, stays ? &wait : NULL, now_ns);
	if (!stays)
		stranger_tick(slot->tid, now_ns, left);
	return stays ? word : 0;
}

static void names_tick(void)
{
	static uint32_t next;
	uint32_t end = slots_end();
	for (unsigned i = 0; i < NAMES && i < end; i++) {
		struct slot *slot = slot_at(next++ % end);
		if (slot && (slot->flags & (SLOT_USED | SLOT_EXITED)) == SLOT_USED && slot->tid)
			look_at_name(slot);
	}
}

/* Threads without a slot. Not where there are very many threads: listing them all would cost more than the
 * tick. */
static void strangers_tick(uint64_t now_ns, struct allowance *left)
{
	if (slots_end() > LISTED)
		return;
	const int *tids;
	size_t listed = tids_list(&tids);
	if (!listed)
		return;
	for (uint32_t i = 0; i < slots_end(); i++)
		if (slot_at(i) && slot_at(i)->tid)
			tids_claim(slot_at(i)->tid);
	for (size_t i = 0; i < listed; i++)
		if (tids_stray(tids[i]))
			stranger_tick(tids[i], now_ns, left);
}

/* The words of the waits that were noted; by index. A wait that goes on then costs a tick one cache line of its slot. */
static uint64_t *settled_words(uint32_t end)
{
	return array_room(&settled, end, sizeof(uint64_t)) ? settled.memory : NULL;
}

static void slot_glance(struct slot *slot, uint64_t *kept, uint64_t now_ns, struct allowance *left)
{
	uint32_t flags = atomic_load_explicit(&slot->flags, memory_order_acquire);
	uint64_t word = atomic_load_explicit(&slot->word, memory_order_relaxed);
	if ((flags & (SLOT_USED | SLOT_EXITED)) == SLOT_USED) {
		if (kept && *kept == word && word & SLOT_DEPTH_MASK)
			return;
		uint64_t noted = slot_tick(slot, now_ns, left);
		if (kept)
			*kept = noted;
	} else if (flags & SLOT_EXITED && !slot->seen.exited_ns) {
		look_note(slot, NULL, now_ns);
		slot->seen.exited_ns = now_ns;
	}
}

/* A wait that was checked may be left unseen later: each is checked again, some every tick. */
static void checks_revisit(void)
{
	static uint32_t next;
	uint32_t end = slots_end();
	for (unsigned i = 0; i < REVISITS && i < end; i++) {
		struct slot *slot = slot_at(next++ % end);
		if (slot)
			slot->seen.checked = false;
	}
}

/* Compares the slot's wait with /proc, if an earlier tick has noted it and none has compared it. */
static void slot_check(struct slot *slot, struct allowance *left)
{
	struct wait wait;
	if ((slot->flags & (SLOT_USED | SLOT_EXITED)) != SLOT_USED || slot->seen.checked)
		return;
	uint64_t word = look_recorded(slot, &wait);
	if (!word || slot->seen.id != slot->id || slot->seen.entry != wait.entry)
		return;
	left->checks--;
	wait_check(slot, &wait, word);
	uint64_t *kept = settled_words(slot->index + 1);
	if (kept && look_left(slot, word))
		kept[slot->index] = 0;
}

static void checks_tick(struct allowance *left)
{
	static uint32_t next;
	uint32_t end = slots_end();
	for (unsigned i = 0; i < CHECKS_SOUGHT && i < end && left->checks; i++) {
		struct slot *slot = slot_at(next++ % end);
		if (slot)
			slot_check(slot, left);
	}
}

void tick(void)
{
	uint64_t now_ns = sys_clock_ns(CLOCK_MONOTONIC);
	struct allowance left = {CHECKS, STRANGERS};
	checks_revisit();
	checks_tick(&left);
	atomic_fetch_add_explicit(&wakers_tick, 1, memory_order_relaxed);
	uint32_t end = slots_end();
	uint64_t *kept = settled_words(end);
	for (uint32_t i = 0; i < end; i++) {
		struct slot *slot = slot_at(i);
		if (!slot)
			continue;
		__builtin_prefetch((char *)slot + PREFETCH_SLOTS * sizeof *slot);
		slot_glance(slot, kept ? kept + i : NULL, now_ns, &left);
	}
	names_tick();
	strangers_tick(now_ns, &left);
	if (now_ns > STRANGERS_KEEP_NS)
		strangers_sweep(now_ns - STRANGERS_KEEP_NS);
}

void tick_forget(void)
{
	settled = (struct array){NULL, 0};
}
