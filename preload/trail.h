/*
 * trail.h - what a walk depended on: the words of the stack that led it from frame to frame.
 *
 * A second stack, entered at the same pc, that holds the same words at the same distances from its sp leads to
 * the same frames, as long as the same objects are loaded: the rule of a frame depends on its pc alone, and where
 * a frame ends on its rule and its base register. Words that become a base register (a frame pointer) are stack
 * addresses, and compared relative to sp.
 *
 * Covered are walks by simple rules (cfi.h) from sp and bp, to an outermost frame that its rule says it is.
 */
#ifndef LEAKWATCH_TRAIL_H
#define LEAKWATCH_TRAIL_H

#include "preload/registers.h"
#include "preload/step.h"

#include <stdbool.h>
#include <stdint.h>

#define TRAIL_WORDS 48

struct trail_word {
	uint64_t value;
	uint32_t offset; /* from sp; TRAIL_BP: bp itself */
	bool relative; /* value is one's distance from sp */
};
#define TRAIL_BP UINT32_MAX

struct trail {
	uintptr_t pc;
	uint32_t bytes; /* of the stack from sp up, in which all the words lie */
	uint16_t count;
	bool whole; /* a walk to the outermost frame was noted without exception */
	struct trail_word words[TRAIL_WORDS];

	/* While it is made. */
	bool lost; /* something was not simple, or there is no more room */
	uintptr_t sp;
	uint64_t bp; /* of the frame that was reached */
	uint32_t bp_offset; /* where that came from */
};

void trail_begin(struct trail *trail, const struct registers *registers);

/* Adds a step to caller, by rule. */
void trail_step(struct trail *trail, const struct rule *rule, const struct frame *caller);

/* The walk ended, in a frame with this rule. */
void trail_end(struct trail *trail, const struct rule *rule);

/* Whether a walk from registers over bytes, the stack from sp up, would be the same. */
bool trail_leads(const struct trail *trail, const struct registers *registers,
	const unsigned char *bytes, uintptr_t count);

#endif
