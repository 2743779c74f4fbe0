/*
 * walk.h - registers and stack bytes -> return addresses.
 *
 * One walker for both uses: a thread's own live stack at the moment it creates something, and a copy
 * of a blocked thread's stack in the watcher. It takes no lock, allocates nothing, makes no system
 * call and reads stack memory through its view alone, so it may run anywhere a hook may.
 *
 * Frames with plain unwind information are stepped by rules (cfi.h), cached for each pc (rules.h).
 * Others need libunwind (unwind.h), which only the watcher may use. Code without any unwind
 * information is crossed by its frame pointer where that holds together; that is a guess.
 */
#ifndef LEAKWATCH_WALK_H
#define LEAKWATCH_WALK_H

#include "preload/registers.h"
#include "preload/trail.h"
#include "preload/view.h"

#include <stdint.h>

enum walk_end {
	WALK_WHOLE, /* reached the outermost frame */
	WALK_FULL, /* the caller's array is full */
	WALK_NEEDS_MORE, /* the next frame lies outside of the view, at walk.needs: copy more, walk again */
	WALK_LOST, /* no unwind information, or it leads out of the stack or of all modules */
};

struct walk {
	uintptr_t *frames; /* caller's array; innermost first */
	uintptr_t *
		ends; /* NULL, or as long: where each frame ends, exclusive; of the last it is not known */
	unsigned room; /* the length of both */
	unsigned count; /* frames found. Each is a return address, or an exact pc plus one */
	int guessed; /* index of the first frame found by guess, -1 if none was */
	enum walk_end end;
	/* With WALK_NEEDS_MORE, the address of the first word that the view does not hold. It is at or
	 * above the end of the view's piece, except where a signal handler ran on another stack. */
	uintptr_t needs;
	struct trail *trail; /* caller's; NULL: none is wanted */
};

/*
 * Whose stack it is.
 *
 * WALK_ALONE: the caller's own, live. Rules alone, read straight from the unwind tables of the objects
 * that the stack itself keeps loaded. No system call.
 *
 * WALK_WITH_LIBUNWIND: a copy, in the watcher. Objects come from the watcher's table (modules.h). As
 * the copied thread may have moved on and its objects may be unloaded meanwhile, tables are read
 * through the kernel. Frames that rules cannot step go to libunwind where unwind_ready().
 */
enum walk_help { WALK_ALONE, WALK_WITH_LIBUNWIND };

/*
 * Walks from registers, of which have says which are known (pc and sp at least). frames[0] is
 * registers.pc + 1. Sets every field of walk but frames, room and trail. With bp unknown where it is needed
 * (registers read from /proc in code with frame pointers), the watcher recovers it from the view, and
 * the frames from there on are guessed.
 */
void stack_walk(const struct registers *registers, unsigned have, const struct stack_view *view,
	enum walk_help help, struct walk *walk);

#endif
