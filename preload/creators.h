/*
 * creators.h - the places that create threads and timers: each distinct stack once, with what came of it.
 *
 * A table that only grows, without a lock: any thread adds to it at the moment it creates something,
 * the watcher reads it. docs/decisions/0002-creation-stacks.md says why the stack is walked at once
 * instead of being copied and unwound later.
 */
#ifndef LEAKWATCH_CREATORS_H
#define LEAKWATCH_CREATORS_H

#include "preload/registers.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define CREATOR_FRAMES 32
#define CREATORS       4096u

enum creator_kind { CREATES_THREAD, CREATES_TIMER, CREATES_TIMERFD, CREATES_ITIMER };

struct creator {
	/* Since the process started. Apart: threads end on other processors than they are created on. */
	_Atomic uint64_t gone;
	_Atomic uint64_t made __attribute__((aligned(64)));
	uint64_t hash;
	uint32_t kind; /* enum creator_kind */
	uint16_t count; /* of frames */
	uint16_t partial; /* 1: the stack goes on beyond these frames, or could not be followed */
	uintptr_t frames[]; /* innermost first, as of walk.h; the shim's own left out */
};

/*
 * The creator whose stack is the calling thread's, from registers up, counted as having made one more. Walks
 * the live stack by cached unwind rules within the bounds of the thread's stack, as far as they are known
 * (else to the end of the page of its stack pointer): about 30 ns a frame, no lock, no allocation from the
 * host. NULL when the table is full or memory is short. Never to be called in a signal handler.
 */
struct creator *creator_of(enum creator_kind kind, const struct registers *registers);

/* The same from the calling function, which must not return meanwhile: inlined into it. */
static inline __attribute__((always_inline)) struct creator *creator_here(enum creator_kind kind)
{
	struct registers here;
	registers_here(&here);
	return creator_of(kind, &here);
}

/* What it made is gone. creator may be NULL. Any thread, any time. */
void creator_gone(struct creator *creator);

/* Takes back creator_here() when the creation failed. creator may be NULL. */
void creator_unmade(struct creator *creator);

/* The table, for the watcher: indexes below CREATORS; NULL where there is none. */
struct creator *creator_at(uint32_t index);

/* Creations whose stack could not be kept. */
uint64_t creators_lost(void);

/* In the child of a fork: starts over. */
void creators_forget(void);

/* After that: the same stack in the new table, for something that the child inherited. NULL for NULL, and where
 * creator_here() is. */
struct creator *creator_inherit(const struct creator *parents);

/* Whether an address lies in the shim's own code: such frames are left out of every stack. */
bool address_is_own(uintptr_t address);

#endif
