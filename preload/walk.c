/*
 * walk.c - steps from frame to frame and notes where each was called from.
 *
 * Guarantee: at most room steps, each upwards. An address goes into the caller's array only once it is
 * known to lie in a loaded object.
 *
 * It refuses to go on through generated code, and to guess about a live stack: both its registers and
 * its objects are known, and the code bytes that a guess must look at could not be read safely.
 */
#include "preload/walk.h"
#include "preload/recover.h"
#include "preload/step.h"
#include "preload/unwind.h"

#define RED_ZONE_BYTES 128 /* below sp, a leaf function's own by the ABI */

static struct frame frame_first(const struct registers *registers, unsigned have)
{
	struct frame frame = {.have = have, .exact = true};
	frame.at[AT_PC] = registers->pc;
	frame.at[AT_SP] = registers->sp;
	frame.at[AT_BP] = registers->bp;
	frame.at[AT_BX] = registers->bx;
	frame.at[AT_R12] = registers->r12;
	frame.at[AT_R13] = registers->r13;
	frame.at[AT_R14] = registers->r14;
	frame.at[AT_R15] = registers->r15;
	return frame;
}

static void guess_mark(struct walk *walk)
{
	if (walk->guessed < 0)
		walk->guessed = (int)walk->count;
}

/* What else can be tried when no rule leads out of a frame of a copied stack. */
static enum step step_otherwise(struct stepper *stepper, struct frame *frame,
	const struct rule *rule, enum step step, struct walk *walk)
{
	if (step == STEP_UNUSUAL)
		return unwind_step(stepper, frame, rule->signal_frame);
	if (step == STEP_UNKNOWN)
		step = recover_pointer(stepper, frame);
	else if (step == STEP_NO_RULE)
		step = recover_caller(stepper, frame);
	else
		return step;
	if (step == STEP_CALLER)
		guess_mark(walk);
	return step;
}

/*
 * Where the view does not hold the frame at all, a signal handler ran on another stack: needs is then
 * the lowest address of the interrupted frame. Else a word below the frame's own sp is no good sign.
 */
static enum walk_end end_outside(
	const struct stepper *stepper, const struct frame *frame, struct walk *walk)
{
	uintptr_t sp = frame->at[AT_SP];
	const struct stack_view *piece = view_piece(stepper->view, sp, 1);
	walk->needs = stepper->needs;
	if (!piece)
		walk->needs = frame->exact ? sp - RED_ZONE_BYTES : sp;
	else if (stepper->needs < piece->low)
		return WALK_LOST;
	return WALK_NEEDS_MORE;
}

static enum walk_end end_of(
	enum step step, const struct stepper *stepper, const struct frame *frame, struct walk *walk)
{
	if (step == STEP_OUTSIDE)
		return end_outside(stepper, frame, walk);
	return step == STEP_OUTERMOST ? WALK_WHOLE : WALK_LOST;
}

/* Steps once and notes the caller. False, and the reason in walk->end, where the walk ends. */
static bool walk_on(struct stepper *stepper, struct frame *frame, struct walk *walk)
{
	struct rule rule;
	bool returns = !frame->exact;
	enum step step = step_by_rule(stepper, frame, &rule);
	/* The kernel enters a handler as if by a call from the very start of the code that returns from it,
	 * so that this address is exact, too. */
	walk->frames[walk->count - 1] += rule.signal_frame && returns;
	if (walk->trail && step == STEP_CALLER)
		trail_step(walk->trail, &rule, frame);
	else if (walk->trail)
		trail_end(walk->trail, &rule);
	if (step != STEP_CALLER && stepper->guarded)
		step = step_otherwise(stepper, frame, &rule, step, walk);
	walk->end = step == STEP_CALLER ? WALK_FULL : end_of(step, stepper, frame, walk);
	if (step != STEP_CALLER || walk->count == walk->room)
		return false;
	if (walk->ends)
		walk->ends[walk->count - 1] = frame->at[AT_SP];
	walk->frames[walk->count++] = frame->at[AT_PC] + frame->exact;
	return true;
}

void stack_walk(const struct registers *registers, unsigned have, const struct stack_view *view,
	enum walk_help help, struct walk *walk)
{
	struct stepper stepper = {.view = view, .guarded = help == WALK_WITH_LIBUNWIND};
	struct frame frame = frame_first(registers, have);
	walk->count = 0;
	walk->guessed = -1;
	walk->needs = 0;
	walk->end = WALK_FULL;
	if (!walk->room)
		return;
	walk->frames[walk->count++] = registers->pc + 1;
	if (walk->trail)
		trail_begin(walk->trail, registers);
	if (!stepper_place(&stepper, frame_place(&frame)))
		walk->end = WALK_LOST;
	else
		while (walk_on(&stepper, &frame, walk))
			;
}
