/*
 * walk.h - registers and stack bytes -> return addresses.
 *
 * One walker for both uses: a thread's own live stack at the moment it creates something, and a copy
 * of a blocked thread's stack in the watcher. It takes no lock, allocates nothing, makes no system
 * call and reads stack memory through its view alone, so it may run anywhere a hook may.
 *
 * Frames with plain unwind information (CFA is a register plus an offset, registers are saved at
 * offsets from it) are stepped by rules from cfi.h, cached for each pc. Others need libunwind
 * (unwind.h), which only the watcher may use.
 */
#ifndef LEAKWATCH_WALK_H
#define LEAKWATCH_WALK_H

#include "preload/registers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Stack memory from address low up to high: the byte at address A is bytes[A - low]. For a thread's
 * own stack, bytes is (const unsigned char *)low. */
struct stack_view {
	const unsigned char *bytes;
	uintptr_t low, high;
};

enum walk_end {
	WALK_WHOLE, /* reached the outermost frame */
	WALK_FULL, /* the caller's array is full */
	WALK_NEEDS_MORE, /* the next frame lies at or above view.high: copy more and walk again */
	WALK_LOST, /* no unwind information, or it leads out of the stack */
};

struct walk {
	uintptr_t *frames; /* caller's array; innermost first */
	unsigned room; /* its length */
	unsigned count; /* frames found. Each is a return address, or an exact pc plus one */
	int guessed; /* index of the first frame found by guess, -1 if none was */
	enum walk_end end;
};

/* Whether frames that plain rules cannot step may be handed to libunwind. */
enum walk_help { WALK_ALONE, WALK_WITH_LIBUNWIND };

/*
 * Walks from registers, of which have says which are known. frames[0] is registers.pc + 1. Sets every
 * field of walk but frames and room. With bp unknown where it is needed (registers read from /proc in
 * code with frame pointers), it is recovered from the view, and the frames from there on are guessed.
 */
void stack_walk(const struct registers *registers, unsigned have, const struct stack_view *view,
	enum walk_help help, struct walk *walk);

#endif
