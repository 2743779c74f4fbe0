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
#include <string.h>

#define BIT(index) (1u << (index))

bool stepper_place_find(struct stepper *stepper, uintptr_t address)
{
	struct module_place *place = &stepper->place;
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

/* Reads the registers that the rule finds at base plus their offsets. */
static bool registers_load(struct stepper *stepper, const struct rule *rule, unsigned which,
	uint64_t base, uint64_t words[REGISTERS])
{
	for (unsigned left = which; left; left &= left - 1) {
		unsigned index = (unsigned)__builtin_ctz(left);
		uintptr_t address = base + (uint64_t)(int64_t)rule->offset[index];
		if (!word_read(stepper, address, &words[index]))
			return false;
	}
	return true;
}

/* Into the frame in place: copying frames about takes longer than all the rest of a step. */
static void registers_store(struct frame *frame, unsigned which, const uint64_t words[REGISTERS])
{
	for (unsigned left = which; left; left &= left - 1) {
		unsigned index = (unsigned)__builtin_ctz(left);
		frame->at[index] = words[index];
	}
	frame->have |= which;
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

static enum step rule_apply(struct stepper *stepper, const struct rule *rule, struct frame *frame)
{
	uint64_t cfa, words[REGISTERS];
	enum step step = cfa_find(stepper, rule, frame, &cfa);
	if (step != STEP_CALLER)
		return step;
	if (cfa <= frame->at[AT_SP] && !rule->signal_frame)
		return STEP_ASTRAY;
	if (!registers_load(stepper, rule, rule->saved, cfa, words))
		return STEP_OUTSIDE;
	if (rule->elsewhere && !(frame->have & BIT(rule->elsewhere_base)))
		return STEP_UNKNOWN;
	if (rule->elsewhere && !registers_load(stepper, rule, rule->elsewhere,
				       frame->at[rule->elsewhere_base], words))
		return STEP_OUTSIDE;
	/* Some bottoms of stacks are marked by a null return address only. */
	if (!words[AT_PC])
		return STEP_OUTERMOST;
	frame->at[AT_SP] = cfa;
	frame->exact = rule->signal_frame;
	frame->have &= ~(unsigned)rule->lost;
	registers_store(frame, rule->saved | rule->elsewhere, words);
	return STEP_CALLER;
}

static uint64_t word_at(const unsigned char *from)
{
	uint64_t word;
	memcpy(&word, from, sizeof(word));
	return word;
}

/* The same for a simple rule (see struct rule) and the view's first piece: without branches on what is
 * saved, which differs from frame to frame and is not predicted well. False leaves the frame alone. */
static bool rule_apply_simple(
	const struct stack_view *view, const struct rule *rule, struct frame *frame)
{
	uint64_t cfa = frame->at[rule->cfa_base] + (uint64_t)(int64_t)rule->cfa_offset;
	if (!rule->reach || !(frame->have & BIT(rule->cfa_base)) || cfa <= frame->at[AT_SP] ||
		cfa < view->low || cfa > view->high || cfa - view->low < rule->reach)
		return false;
	const unsigned char *top = view->bytes + (cfa - view->low);
	uint64_t pc = word_at(top + rule->offset[AT_PC]);
	if (!pc)
		return false;
#pragma GCC unroll 8
	for (unsigned i = AT_BP; i < REGISTERS; i++) {
		uint64_t word = word_at(top + rule->offset[i]), same = frame->at[i];
		frame->at[i] = rule->saved & BIT(i) ? word : same;
	}
	frame->at[AT_PC] = pc;
	frame->at[AT_SP] = cfa;
	frame->have |= rule->saved;
	frame->exact = false;
	return true;
}

static enum step rule_step(struct stepper *stepper, const struct rule *rule, struct frame *frame)
{
	if (rule_apply_simple(stepper->view, rule, frame))
		return STEP_CALLER;
	switch (rule->kind) {
	case RULE_NONE:
		return STEP_NO_RULE;
	case RULE_OUTERMOST:
		return STEP_OUTERMOST;
	case RULE_UNUSUAL:
		return STEP_UNUSUAL;
	}
	return rule_apply(stepper, rule, frame);
}

enum step step_by_rule(struct stepper *stepper, struct frame *frame, struct rule *rule)
{
	uintptr_t pc = frame_place(frame);
	if (!rules_find(pc, &stepper->place, rule))
		rule_make(stepper, pc, rule);
	enum step step = rule_step(stepper, rule, frame);
	return step == STEP_CALLER ? step_arrived(stepper, frame) : step;
}

enum step step_arrived(struct stepper *stepper, const struct frame *frame)
{
	return stepper_place(stepper, frame_place(frame)) ? STEP_CALLER : STEP_NO_MODULE;
}
