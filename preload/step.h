/*
 * step.h - one frame -> its caller, by rules.
 */
#ifndef LEAKWATCH_STEP_H
#define LEAKWATCH_STEP_H

#include "preload/cfi.h"
#include "preload/modules.h"
#include "preload/registers.h"
#include "preload/view.h"

#include <stdbool.h>
#include <stdint.h>

/* A frame: its registers, which of them are known, and what its pc is. */
struct frame {
	uint64_t at[REGISTERS]; /* by AT_PC and so on */
	unsigned have; /* enum register_bit */
	bool exact; /* pc is the next instruction; else a return address, and the call lies before it */
};

/* What a walk carries from step to step. */
struct stepper {
	const struct stack_view *view;
	bool guarded; /* the stack is a copy and its objects may vanish: see enum walk_help. Watcher only */
	struct module_place place; /* the object that was looked up last */
	uintptr_t needs; /* with STEP_OUTSIDE: the first address that the view does not hold */
};

enum step {
	STEP_CALLER, /* the frame is now its caller, which is in stepper->place */
	STEP_OUTERMOST, /* it has none */
	STEP_NO_MODULE, /* the frame is now its caller, which is in no loaded object: go no further */
	STEP_NO_RULE, /* its object has no unwind information for its pc */
	STEP_UNUSUAL, /* the information is not plain */
	STEP_UNKNOWN, /* needs a register that is not known */
	STEP_OUTSIDE, /* needs a word outside of the view */
	STEP_ASTRAY, /* leads downwards */
};

/* The address that a frame is looked up by: within the call, or the exact pc. */
static inline uintptr_t frame_place(const struct frame *frame)
{
	return frame->at[AT_PC] - !frame->exact;
}

/* Whether an address is in a loaded object; stepper->place is then that object, else as it was. */
bool stepper_place_find(struct stepper *stepper, uintptr_t address);
static inline bool stepper_place(struct stepper *stepper, uintptr_t address)
{
	const struct module_place *place = &stepper->place;
	return address - place->start < place->end - place->start ||
	       stepper_place_find(stepper, address);
}

/* The image of stepper->place. False where it has no tables that can be read. */
bool stepper_image(const struct stepper *stepper, struct cfi_image *image);

/* Finds the rule for the frame's pc, which stepper->place holds, and applies it. But for STEP_CALLER and
 * STEP_NO_MODULE the frame is as it was. rule is set to what was found, RULE_NONE if nothing was.
 * Allocates nothing, takes no lock. */
enum step step_by_rule(struct stepper *stepper, struct frame *frame, struct rule *rule);

/* The end of every step: STEP_CALLER, or STEP_NO_MODULE where it led to no loaded object. */
enum step step_arrived(struct stepper *stepper, const struct frame *frame);

#endif
