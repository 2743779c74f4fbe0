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

/* A word below the frame's own sp will never be in the view, unless sp has gone to another stack. */
static enum walk_end end_of(
	enum step step, const struct stepper *stepper, const struct frame *frame)
{
	const struct stack_view *piece = view_piece(stepper->view, frame->at[AT_SP], 1);
	if (step == STEP_OUTERMOST)
		return WALK_WHOLE;
	if (step == STEP_OUTSIDE && (!piece || stepper->needs >= piece->low))
		return WALK_NEEDS_MORE;
	return WALK_LOST;
}

/* Steps once and notes the caller. False, and the reason in walk->end, where the walk ends. */
static bool walk_on(struct stepper *stepper, struct frame *frame, struct walk *walk)
{
	struct rule rule;
	enum step step = step_by_rule(stepper, frame, &rule);
	/* The kernel enters a handler as if by a call from the start of the code that returns from it, so
	 * that the frame's own address is exact, too. */
	if (rule.signal_frame && !frame->exact)
		walk->frames[walk->count - 1]++;
	if (step != STEP_CALLER && stepper->guarded)
		step = step_otherwise(stepper, frame, &rule, step, walk);
	if (step != STEP_CALLER) {
		walk->end = end_of(step, stepper, frame);
		walk->needs = stepper->needs;
		return false;
	}
	walk->end = WALK_FULL;
	if (walk->count == walk->room)
		return false;
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
	if (!stepper_place(&stepper, frame_place(&frame)))
		walk->end = WALK_LOST;
	else
		while (walk_on(&stepper, &frame, walk))
			;
}
