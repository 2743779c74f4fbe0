/*
 * trail.c - makes trails of walks, and compares stacks with them.
 *
 * Refuses what it cannot state as words: rules that are not simple, base registers other than sp and bp, bottoms
 * of stacks that are marked by a null word.
 */
#include "preload/trail.h"

#include <string.h>

void trail_begin(struct trail *trail, const struct registers *registers)
{
	trail->pc = registers->pc;
	trail->bytes = 0;
	trail->count = 0;
	trail->whole = trail->lost = false;
	trail->sp = registers->sp;
	trail->bp = registers->bp;
	trail->bp_offset = TRAIL_BP;
}

static void word_note(struct trail *trail, uint32_t offset, bool relative, uint64_t value)
{
	if (trail->count == TRAIL_WORDS) {
		trail->lost = true;
		return;
	}
	trail->words[trail->count++] = (struct trail_word){value, offset, relative};
}

void trail_step(struct trail *trail, const struct rule *rule, const struct frame *caller)
{
	uintptr_t cfa = caller->at[AT_SP];
	if (!rule->reach || (rule->cfa_base != AT_SP && rule->cfa_base != AT_BP) ||
		cfa - trail->sp > INT32_MAX)
		trail->lost = true;
	if (trail->lost)
		return;
	if (rule->cfa_base == AT_BP)
		word_note(trail, trail->bp_offset, true, trail->bp - trail->sp);
	uint32_t top = (uint32_t)(cfa - trail->sp);
	word_note(trail, top + (uint32_t)rule->offset[AT_PC], false, caller->at[AT_PC]);
	if (rule->saved & HAVE_BP)
		trail->bp_offset = top + (uint32_t)rule->offset[AT_BP];
	trail->bp = caller->at[AT_BP];
	trail->bytes = top;
}

void trail_end(struct trail *trail, const struct rule *rule)
{
	trail->whole = !trail->lost && trail->count && rule->kind == RULE_OUTERMOST;
}

bool trail_leads(const struct trail *trail, const struct registers *registers,
	const unsigned char *bytes, uintptr_t count)
{
	if (trail->pc != registers->pc || count < trail->bytes)
		return false;
	for (unsigned i = 0; i < trail->count; i++) {
		const struct trail_word *word = &trail->words[i];
		uint64_t value = registers->bp;
		if (word->offset != TRAIL_BP)
			memcpy(&value, bytes + word->offset, sizeof value);
		if (value - (word->relative ? registers->sp : 0) != word->value)
			return false;
	}
	return true;
}
