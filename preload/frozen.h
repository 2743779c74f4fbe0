/*
 * frozen.h - the stack of a thread that does not move: copied, and followed to its outermost frame.
 *
 * Watcher only. "Frozen" is the caller's word: it checks after the call that the thread is still in the
 * wait that it was in before, and throws the result away if not.
 */
#ifndef LEAKWATCH_FROZEN_H
#define LEAKWATCH_FROZEN_H

#include "preload/contract/dump.h"
#include "preload/registers.h"
#include "preload/trail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frozen {
	uintptr_t frames[DUMP_FRAMES_MAX]; /* of the host, innermost first; as of walk.h */
	unsigned count;
	int guessed; /* index of the first guessed frame, -1: none */
	bool partial; /* the outermost frame was not reached */
	struct trail trail; /* of the walk */
};

/* The beginning of a stack, from low up; and its copy, NULL if there is none. */
struct frozen_start {
	uintptr_t low;
	size_t bytes;
	const unsigned char *copy;
};
#define FROZEN_STARTS	   32u
#define FROZEN_START_BYTES ((size_t)1024) /* usual; at most four times as much */

/* Copies the beginnings of several stacks, as many as FROZEN_STARTS, in one go, and sets copy. Takes a quarter less time
 * than one by one. The copies are good until the next call. */
void frozen_copy(struct frozen_start *starts, unsigned count);

/* False when the stack cannot be copied. Reads with process_vm_readv from this process: a bad address is
 * an error, never a fault. start, if not NULL, is what was copied of it already. */
bool frozen_walk(const struct registers *registers, unsigned have, const struct frozen_start *start,
	struct frozen *frozen);

/* The frame of the host that holds address, by its return address as above; 0 if that is not known. */
uintptr_t frozen_place(const struct registers *registers, unsigned have, uintptr_t address);

/* In the child of a fork: the parent's watcher may have been in the middle of anything; starts over. */
void frozen_forget(void);

#endif
