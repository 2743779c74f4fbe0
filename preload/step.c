/*
 * step.c - looks a rule up, from the table or from the object, and applies it to a frame.
 *
 * Guarantee: stack words come from the view alone, and a step that succeeds has moved up the stack
 * (signal frames apart, which may change stacks). This is the inner loop of every walk: a warm step is
 * one look-up in each of two tables and a few loads.
 */
#include "preload/step.h"
#include "preload/rules.h"

#include <stddef.h>

#define BIT(index) (1u << (index))

bool stepper_place(struct stepper *stepper, uintptr_t address)
{
	struct module_place *place = &stepper->place;
	if (address - place->start < place->end - place->start)
		return true;
	return stepper->guarded ? module_place_known(address, place)
				: module_place_find(address, place);
}

bool stepper_image(const struct stepper *stepper, struct cfi_image *image)
{
	if (!stepper->place.eh_frame_header)
		return false;
	if (!stepper->guarded)
		return cfi_image_live(&stepper->place, image);
	*image = cfi_image_guarded(&stepper->place);
	return true;
}

static __attribute__((noinline)) void rule_make(
	const struct stepper *stepper, uintptr_t pc, struct rule *rule)
{
	struct cfi_image image;
	*rule = (struct rule){.kind = RULE_NONE};
	if (!stepper_image(stepper, &image))
		return;
	cfi_rule(&image, pc, rule);
	rules_keep(pc, &stepper->place, rule);
}

static bool word_read(struct stepper *stepper, uintptr_t address, uint64_t *word)
{
	if (view_word(stepper->view, address, word))
		return true;
	stepper->needs = address;
	return false;
}

/* The registers that the rule finds at base plus their offsets. */
static bool registers_load(struct stepper *stepper, const struct rule *rule, unsigned which,
	uint64_t base, struct frame *caller)
{
	for (unsigned left = which; left; left &= left - 1) {
		unsigned index = (unsigned)__builtin_ctz(left);
		uintptr_t address = base + (uint64_t)(int64_t)rule->offset[index];
		if (!word_read(stepper, address, &caller->at[index]))
			return false;
	}
	caller->have |= which;
	return true;
}

static enum step cfa_find(
	struct stepper *stepper, const struct rule *rule, const struct frame *frame, uint64_t *cfa)
{
	if (!(frame->have & BIT(rule->cfa_base)))
		return STEP_UNKNOWN;
	*cfa = frame->at[rule->cfa_base] + (uint64_t)(int64_t)rule->cfa_offset;
	if (!rule->cfa_deref)
		return STEP_CALLER;
	if (!word_read(stepper, *cfa, cfa))
		return STEP_OUTSIDE;
	*cfa += (uint64_t)(int64_t)rule->cfa_plus;
	return STEP_CALLER;
}

static enum step rule_apply(struct stepper *stepper, const struct rule *rule,
	const struct frame *frame, struct frame *caller)
{
	uint64_t cfa;
	enum step step = cfa_find(stepper, rule, frame, &cfa);
	if (step != STEP_CALLER)
		return step;
	if (cfa <= frame->at[AT_SP] && !rule->signal_frame)
		return STEP_ASTRAY;
	if (rule->elsewhere && !(frame->have & BIT(rule->elsewhere_base)))
		return STEP_UNKNOWN;
	*caller = *frame;
	caller->at[AT_SP] = cfa;
	caller->exact = rule->signal_frame;
	caller->have &= ~(unsigned)rule->lost;
	if (!registers_load(stepper, rule, rule->saved, cfa, caller))
		return STEP_OUTSIDE;
	if (rule->elsewhere && !registers_load(stepper, rule, rule->elsewhere,
				       frame->at[rule->elsewhere_base], caller))
		return STEP_OUTSIDE;
	/* Some bottoms of stacks are marked by a null return address only. */
	return caller->at[AT_PC] ? STEP_CALLER : STEP_OUTERMOST;
}

enum step step_by_rule(struct stepper *stepper, struct frame *frame, struct rule *rule)
{
	uintptr_t pc = frame_place(frame);
	struct frame caller;
	rule->kind = RULE_NONE;
	rule->signal_frame = false;
	if (!stepper_place(stepper, pc))
		return STEP_NO_MODULE;
	if (!rules_find(pc, &stepper->place, rule))
		rule_make(stepper, pc, rule);
	switch (rule->kind) {
	case RULE_NONE:
		return STEP_NO_RULE;
	case RULE_OUTERMOST:
		return STEP_OUTERMOST;
	case RULE_UNUSUAL:
		return STEP_UNUSUAL;
	}
	enum step step = rule_apply(stepper, rule, frame, &caller);
	if (step == STEP_CALLER)
		*frame = caller;
	return step;
}
