/*
 * lives.h - which threads may run again: all but candidates that nothing was found to reach, yet.
 *
 * In the child of picture.h.
 */
#ifndef LEAKWATCH_LIVES_H
#define LEAKWATCH_LIVES_H

#include "preload/proof.h"

#include <stdbool.h>
#include <stdint.h>

/* Why a candidate lives after all. */
enum cause {
	CAUSE_NONE, /* it does not, or was no candidate */
	CAUSE_OBJECT, /* what it waits for was reached */
	CAUSE_STACK, /* its stack was, by a pointer to target that stands at from */
	CAUSE_THREAD, /* the thread that it waits for, or that owns what it waits for, lives */
};

/* One thread, in the order of stills. */
struct life {
	bool candidate;
	bool lives;
	bool followed; /* its stack and registers were marked from, in this look */
	bool held; /* a pointer to its handle was found */
	enum cause cause;
	uint32_t other; /* of CAUSE_THREAD */
	uintptr_t target;
	struct link from;
};

/* Where what a candidate waits for lies. */
enum object_place {
	OBJECT_IN_THREAD, /* it is a thread: joined */
	OBJECT_IN_BLOCK,
	OBJECT_IN_AREA, /* of a candidate */
	OBJECT_IN_FREED, /* in memory that may be used for something else at any time */
	OBJECT_ELSEWHERE, /* where everything is reached */
};

/* Decides who is a candidate, and enters their areas. False when memory is short. */
bool lives_begin(const struct proof_task *task);
struct life *life_of(uint32_t thread);

/* Where the object of a candidate lies; *thread is whose area it is, or the one that is joined (LINK_NOBODY if it is
 * not known). */
enum object_place object_place(uint32_t candidate, uint32_t *thread);

/* For struct mark_calls. */
void life_awake(uint32_t thread, uintptr_t address, const struct link *from);
void life_held(uint32_t thread);

/* Marks from all that live, and lets candidates live that are reached by that, until nothing changes. */
void lives_settle(void);

/* Whether any candidate does not live; lives_refollow() has lives_settle() mark from those that live again. */
bool lives_any_dead(void);
void lives_refollow(void);

/* Stops or starts noting pointers to stacks. */
void lives_ignore_stacks(bool ignore);

#endif
