/*
 * slot.h - the record of one thread, and the protocol by which it says that it waits.
 *
 * Writers: the thread itself (the waits, between wait_enter() and wait_leave()), whoever creates,
 * joins or detaches it (its life), and the watcher (the fields marked so). Reader: the watcher.
 *
 * The protocol. `word` is a count of entries and leaves, above a depth. A wrapper makes count and depth
 * one higher, then fills waits[depth - 1], its entry last; after the real call it makes the count one
 * higher and the depth as it was. A wait without an entry is being filled or left. While the watcher reads the same word with a depth above
 * zero before and after it copies the thread's stack, the thread was inside the real call all the
 * while, and every byte at or above waits[depth - 1].registers.sp was frozen. Only the thread itself
 * and its signal handlers change the word, so that needs no locked instruction. The depth makes room for a
 * handler that waits while it interrupts a wait, or the filling of one.
 *
 * A wait that is left without wait_leave() heals: cancellation pops it on its way out (see
 * wait_unwinding()), a longjmp leaves an entry whose stack pointer lies below the next entry's, which
 * drops it.
 *
 * Slots lie in private mappings and are reused, never unmapped: a stale pointer stays readable.
 */
#ifndef LEAKWATCH_SLOT_H
#define LEAKWATCH_SLOT_H

#include "preload/contract/dump.h"
#include "preload/registers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLOT_NESTING	3
#define SLOT_NAME_BYTES 16 /* as the kernel's, with its NUL */
#define SLOT_DEPTH_BITS 8
#define SLOT_DEPTH_MASK 0xffu

struct creator;
struct scope;

#define WAIT_UNFILLED UINT64_MAX /* as an entry: not to be read */

/* One recorded call. */
struct wait {
	struct registers registers; /* of the wrapper, at the stored pc */
	uint64_t object; /* what the kind of wait says: address, descriptor, thread id */
	_Atomic uint64_t entry; /* the word's count when it was entered: names this wait */
	uint32_t kind; /* enum wait_kind */
	uint32_t timed; /* 1: the call has a time limit */
};

enum slot_flag {
	SLOT_USED = 1 << 0,
	SLOT_EXITED = 1 << 1, /* its thread is past its last instruction that we see */
	SLOT_DETACHED = 1 << 2, /* nobody will join it; frees itself */
	SLOT_FOREIGN = 1 << 3, /* whether it can be joined is not known; its slot goes with it */
};

/* Above the flags of a slot in use stand the low bits of its thread's id, so that a compare-and-swap tells
 * whether the slot is still that thread's. */
#define SLOT_FLAG_BITS 4

static inline bool slot_flags_are_of(uint32_t flags, uint64_t id)
{
	return flags & SLOT_USED && (flags ^ (uint32_t)id << SLOT_FLAG_BITS) >> SLOT_FLAG_BITS == 0;
}

struct slot {
	/* What a look that finds nothing new reads is one cache line; what a thread's creation and end
	 * touch is that and the next. */
	_Atomic uint64_t word;
	_Atomic uint32_t flags; /* enum slot_flag, and whose they are; 0 when not in use */
	_Atomic int tid; /* 0 until the thread runs */

	/* The thread's life. Written before SLOT_USED is set, then constant, but for the name. */
	uint64_t id; /* never reused; 1 is the main thread */
	_Atomic uintptr_t pthread;
	void *(*start)(void *); /* as given by the host; thrd_create's is cast */
	void *start_argument;
	struct creator *creator; /* where it was created, NULL if not known */
	uint32_t index;
	_Atomic uint32_t next_free;

	uintptr_t stack_low, stack_high; /* 0: not known */
	uint64_t stack_bytes;
	char name[SLOT_NAME_BYTES]; /* inherited, or as set; may be torn, never unterminated */
	uint64_t first_count; /* the word's count when the slot was taken */
	void (*once_routine)(void); /* of the recorded wait for another thread's pthread_once() */
	uint32_t exit_rounds; /* of destructors that its thread has been through */

	/* Of leakwatch.h. The thread's own, but for the scope that it begins with, which is its creator's. */
	_Atomic bool asks; /* it waits for an answer of ours: for a dump it runs */
	_Atomic bool ignored;
	uint32_t scopes_lost; /* begun, not ended, and not to be had */
	const struct scope *scope; /* that what it makes belongs to, NULL: none */
	const struct scope *made_in; /* that it was made in itself */

	struct wait waits[SLOT_NESTING];

	/* The watcher's own. */
	struct {
		uint64_t id; /* of the thread that the other fields speak of */
		uint64_t entry; /* of the wait whose age is since_ns */
		uint64_t since_ns; /* CLOCK_MONOTONIC */
		uint64_t exited_ns; /* when it was first seen finished, 0 if it was not */
		uint64_t ran_word; /* under this word the thread ran when its wait was compared */
		uint64_t left_word; /* under this word the slot says that it waits, and does not */
		struct stack *stack; /* of the wait stack_entry, NULL if none was taken */
		uint64_t stack_entry;
		uint32_t generation; /* of stack */
		uint32_t stable_generation; /* of stable_stack */
		struct stack *stable_stack; /* at which every look since stable_ns found it */
		uint64_t stable_ns; /* CLOCK_MONOTONIC */
		int guessed; /* as in struct sighting */
		bool partial; /* likewise */
		bool checked; /* the wait was compared with /proc */
		bool name_read;
	} seen;
} __attribute__((aligned(64)));

/* The calling thread's slot. NULL: none yet. SLOT_NONE: must not have one. slot_parted(): it has had it,
 * and must not use it any more; others find by it what they join or detach. */
extern __thread struct slot *slot_self __attribute__((visibility("hidden")));
#define SLOT_NONE   ((struct slot *)1)
#define SLOT_PARTED INTPTR_MIN /* in no address of a process */

/* Whether a value of slot_self is a slot to use. */
static inline bool slot_usable(const struct slot *self)
{
	return (intptr_t)self > (intptr_t)SLOT_NONE;
}

static inline struct slot *slot_parted(const struct slot *slot)
{
	return (struct slot *)((intptr_t)slot | SLOT_PARTED);
}

/* Makes a slot for the calling thread, whose creation was not seen, and returns it; SLOT_NONE where
 * that cannot be. Any thread, any time, also in a signal handler. */
struct slot *slot_claim(void) __attribute__((cold));

/* A zeroed slot with a fresh id, not yet SLOT_USED; NULL when memory is short. slot_release() gives one
 * back; the caller guarantees that nobody writes to it any more. Any thread, any time. */
struct slot *slot_take(void);
void slot_release(struct slot *slot);

/* Puts a slot that was taken, and filled, in use. With flags besides SLOT_USED. */
static inline void slot_begin(struct slot *slot, uint32_t flags)
{
	atomic_store_explicit(&slot->flags,
		flags | SLOT_USED | (uint32_t)slot->id << SLOT_FLAG_BITS, memory_order_release);
}

/* The slot of another thread by its handle, NULL if it has none. The handle must be valid, as for the
 * pthread function that the caller is about to call. */
struct slot *slot_of(pthread_t thread);

/* All slots, for the watcher: indexes below slots_end(). Those not in use have no SLOT_USED. */
uint32_t slots_end(void);
struct slot *slot_at(uint32_t index);

/* In the child of a fork: forget all threads but the caller. */
void slots_forget(void);

/* Threads created and finished, for the dump's totals. The second has its cache line to itself: it is written on
 * other processors than the first. */
struct lone_count {
	_Atomic uint64_t count;
} __attribute__((aligned(64)));
extern _Atomic uint64_t slots_started, slots_denied;
extern struct lone_count slots_exited;

/* --- waiting: for the interposers ---------------------------------------------------------------- */

enum { UNTIMED = 0, TIMED = 1 };

/* What wait_leave() needs of wait_enter(): the slot, and in the bits that its alignment leaves free, the depth. In
 * one word, since it is kept in a register across the real call, and each of those has to be saved first. */
struct stay {
	uintptr_t packed;
};

#define STAY_DEPTH_MASK ((uintptr_t)63)
#define STAY_NONE	STAY_DEPTH_MASK /* nothing was recorded */

static inline struct stay stay_of(struct slot *slot, uint64_t depth)
{
	return (struct stay){(uintptr_t)slot | depth};
}

/* NULL if nothing was recorded. */
static inline struct slot *stay_slot(struct stay stay)
{
	return (struct slot *)(stay.packed & ~STAY_DEPTH_MASK);
}

static inline uint64_t stay_depth(struct stay stay)
{
	return stay.packed & STAY_DEPTH_MASK;
}

/*
 * The word is counted up by a single instruction, so that a signal handler of the same thread comes before
 * or after. Other threads never write it, so no lock prefix; every store of this processor is a release.
 */
static inline __attribute__((always_inline)) void word_add(_Atomic uint64_t *word, uint64_t addend)
{
	__asm__ volatile("addq %1, %0" : "+m"(*word) : "er"(addend) : "memory", "cc");
}

/* The rest of wait_enter() where the thread has no slot, or the word counts another recorded wait below this
 * one. What is marked as cold costs the usual path no registers. */
struct stay wait_enter_otherwise(struct slot *slot, uintptr_t sp) __attribute__((cold));

/*
 * Records that the calling function is about to wait. Must be inlined into the interposer, whose frame
 * the registers describe. Changes nothing that the host can see: no call, no lock, no errno.
 *
 * The assembler line gives the interposer an unwind personality: see wait_unwinding().
 */
static inline __attribute__((always_inline)) struct stay wait_enter(
	enum wait_kind kind, uint64_t object, uint32_t timed)
{
	__asm__ volatile(".cfi_personality 0x1b, wait_unwinding");
	struct slot *slot = slot_self;
	struct stay stay;
	struct wait *wait;
	uint64_t word;
	if (__builtin_expect(slot_usable(slot), 1)) {
		word_add(&slot->word, (1 << SLOT_DEPTH_BITS) + 1);
		word = atomic_load_explicit(&slot->word, memory_order_relaxed);
		stay = stay_of(slot, 0);
		wait = slot->waits;
	}
	if (__builtin_expect(!slot_usable(slot) || (word & SLOT_DEPTH_MASK) != 1, 0)) {
		uintptr_t sp; /* __builtin_frame_address() would cost every call a frame pointer */
		__asm__ volatile("movq %%rsp, %0" : "=r"(sp));
		stay = wait_enter_otherwise(slot, sp);
		slot = stay_slot(stay);
		if (!slot)
			return stay;
		word = atomic_load_explicit(&slot->word, memory_order_relaxed);
		wait = &slot->waits[stay_depth(stay)];
	}
	registers_here(&wait->registers);
	wait->object = object;
	wait->kind = kind;
	wait->timed = timed;
	atomic_store_explicit(&wait->entry, (word >> SLOT_DEPTH_BITS) - 1, memory_order_release);
	return stay;
}

/* wait_leave() where nothing was recorded, or a wait above another; and where the depth is not as it was,
 * after a handler that waited was left by a longjmp. */
void wait_leave_nested(struct stay stay) __attribute__((cold));
void wait_depth_restore(struct slot *slot, uint64_t depth) __attribute__((cold));

/* Records that the real call came back: the count one higher, the depth one lower. */
static inline __attribute__((always_inline)) void wait_leave(struct stay stay)
{
	/* Or the depth would be worked out before the real call, and kept. */
	__asm__("" : "+r"(stay.packed));
	if (__builtin_expect(stay_depth(stay) != 0, 0)) {
		wait_leave_nested(stay);
		return;
	}
	struct slot *slot = stay_slot(stay);
	atomic_store_explicit(&slot->waits[0].entry, WAIT_UNFILLED, memory_order_release);
	word_add(&slot->word, SLOT_DEPTH_MASK);
	uint64_t word = atomic_load_explicit(&slot->word, memory_order_relaxed);
	if (__builtin_expect((word & SLOT_DEPTH_MASK) != 0, 0))
		wait_depth_restore(slot, 0);
}

#endif
