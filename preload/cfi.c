/*
 * cfi.c - runs the program of a function's record up to one address, and says what stands there.
 *
 * Guarantee: bytes come from a cursor, so none outside of the image is read. Bytes that make no sense
 * give RULE_NONE. Every loop consumes bytes or is counted.
 *
 * Understood is what compilers and glibc's hand-written code emit: a CFA that is a register plus an
 * offset, possibly dereferenced (realigned stacks, signal frames), or the formula of a procedure linkage
 * table; registers saved relative to the CFA or to one other register. All else is RULE_UNUSUAL and left
 * to libunwind: val_expression, set_loc, a return address kept in a register.
 */
#include "preload/cfi.h"
#include "preload/cursor.h"
#include "preload/fde.h"
#include "preload/registers.h"

enum {
	OP_DEREF = 0x06,
	OP_PLUS_UCONST = 0x23,
	OP_LIT0 = 0x30,
	OP_BREG0 = 0x70,
};

#define CFA_UNKNOWN   0xff /* a cfa_base that is no register of ours */
#define STATES_MAX    8 /* depth of remember_state; compilers use 1, hand-written code 2 */
#define DW_REGISTERS  17
#define DW_BIT(index) (1u << (index))

struct state {
	struct rule rule;
	uint8_t strange; /* registers whose rule is not plain */
};

struct machine {
	struct state now, initial, remembered[STATES_MAX];
	unsigned depth;
	uintptr_t pc, location; /* looked for; reached */
	const struct cie *cie;
	bool unusual; /* met what this machine does not know */
};

/* The place of a DWARF register in ours; REGISTERS for one that nobody needs. */
static unsigned register_of(uint64_t dwarf)
{
	static const uint8_t ours[DW_REGISTERS] = {[0] = REGISTERS,
		[1] = REGISTERS,
		[2] = REGISTERS,
		[3] = AT_BX,
		[4] = REGISTERS,
		[5] = REGISTERS,
		[6] = AT_BP,
		[7] = AT_SP,
		[8] = REGISTERS,
		[9] = REGISTERS,
		[10] = REGISTERS,
		[11] = REGISTERS,
		[12] = AT_R12,
		[13] = AT_R13,
		[14] = AT_R14,
		[15] = AT_R15,
		[16] = AT_PC};
	return dwarf < DW_REGISTERS ? ours[dwarf] : REGISTERS;
}

static void state_clear(struct state *state, unsigned index)
{
	uint8_t others = (uint8_t)~DW_BIT(index);
	state->rule.saved &= others;
	state->rule.elsewhere &= others;
	state->rule.lost &= others;
	state->strange &= others;
}

static void state_same(struct state *state, uint64_t dwarf)
{
	unsigned index = register_of(dwarf);
	if (index < REGISTERS)
		state_clear(state, index);
}

static void state_lost(struct state *state, uint64_t dwarf)
{
	unsigned index = register_of(dwarf);
	if (index == REGISTERS)
		return;
	state_clear(state, index);
	state->rule.lost |= (uint8_t)DW_BIT(index);
}

static void state_strange(struct state *state, uint64_t dwarf)
{
	unsigned index = register_of(dwarf);
	if (index == REGISTERS)
		return;
	state_clear(state, index);
	state->strange |= (uint8_t)DW_BIT(index);
}

static void state_saved(struct state *state, uint64_t dwarf, int64_t offset)
{
	unsigned index = register_of(dwarf);
	if (index == REGISTERS)
		return;
	state_clear(state, index);
	state->rule.offset[index] = (int16_t)offset;
	if (offset == (int16_t)offset)
		state->rule.saved |= (uint8_t)DW_BIT(index);
	else
		state->strange |= (uint8_t)DW_BIT(index);
}

static void state_elsewhere(struct state *state, uint64_t dwarf, uint64_t base, int64_t offset)
{
	unsigned index = register_of(dwarf), from = register_of(base);
	state_saved(state, dwarf, offset);
	if (index == REGISTERS || !(state->rule.saved & DW_BIT(index)))
		return;
	if (from == REGISTERS || (state->rule.elsewhere && state->rule.elsewhere_base != from)) {
		state_strange(state, dwarf);
		return;
	}
	state->rule.saved &= (uint8_t)~DW_BIT(index);
	state->rule.elsewhere |= (uint8_t)DW_BIT(index);
	state->rule.elsewhere_base = (uint8_t)from;
}

static void state_restore(struct machine *machine, uint64_t dwarf)
{
	unsigned index = register_of(dwarf);
	if (index == REGISTERS)
		return;
	const struct state *initial = &machine->initial;
	struct state *now = &machine->now;
	uint8_t bit = (uint8_t)DW_BIT(index);
	state_clear(now, index);
	now->rule.saved |= initial->rule.saved & bit;
	now->rule.lost |= initial->rule.lost & bit;
	/* CIEs do not save relative to other registers; one that did would need its base as well. */
	now->strange |= (initial->strange | initial->rule.elsewhere) & bit;
	now->rule.offset[index] = initial->rule.offset[index];
}

static void cfa_offset(struct rule *rule, int64_t offset)
{
	rule->cfa_offset = (int32_t)offset;
	if (offset != (int32_t)offset || rule->cfa_deref)
		rule->cfa_base = CFA_UNKNOWN;
}

static void cfa_register(struct rule *rule, uint64_t dwarf)
{
	unsigned index = register_of(dwarf);
	rule->cfa_base = index < REGISTERS && !rule->cfa_deref ? (uint8_t)index : CFA_UNKNOWN;
}

static void cfa_set(struct rule *rule, uint64_t dwarf, int64_t offset)
{
	rule->cfa_deref = false;
	rule->cfa_plus = 0;
	cfa_register(rule, dwarf);
	cfa_offset(rule, offset);
}

/* A base register plus an offset: how every expression that we know begins. False leaves it unread. */
static bool expression_base(struct cursor *block, uint64_t *dwarf, int64_t *offset)
{
	unsigned op = cursor_byte(block);
	*dwarf = op - OP_BREG0;
	*offset = cursor_sleb(block);
	return op >= OP_BREG0 && op < OP_BREG0 + 32 && !block->failed;
}

/*
 * Linkers describe a procedure linkage table, whose entries all push at the same offset, as
 * "rsp + 8, and 8 more from byte N of each 16 on": breg7 8, breg16 0, lit15, and, litN, ge, lit3, shl,
 * plus. The pc is known here, so it is a plain rule after all.
 */
static bool cfa_linkage_table(struct cursor *block, uintptr_t pc, struct rule *rule)
{
	static const uint8_t formula[] = {0x80, 0x00, 0x3f, 0x1a, OP_LIT0, 0x2a, 0x33, 0x24, 0x22};
	unsigned from = 0;
	for (unsigned i = 0; i < sizeof(formula); i++) {
		unsigned byte = cursor_byte(block);
		if (formula[i] == OP_LIT0)
			from = byte - OP_LIT0;
		else if (byte != formula[i])
			return false;
	}
	if (from > 15 || cursor_more(block))
		return false;
	rule->cfa_offset += (pc & 15) >= from ? 8 : 0;
	return true;
}

static bool cfa_dereferenced(struct cursor *block, struct rule *rule)
{
	uint64_t plus = 0;
	if (cursor_byte(block) != OP_DEREF)
		return false;
	if (cursor_more(block)) {
		if (cursor_byte(block) != OP_PLUS_UCONST)
			return false;
		plus = cursor_uleb(block);
	}
	rule->cfa_deref = true;
	rule->cfa_plus = (int16_t)plus;
	return plus <= INT16_MAX && !cursor_more(block);
}

/* Opens the block at the cursor, which is moved past it. */
static void block_take(struct cursor *cursor, struct cursor *block)
{
	uint64_t bytes = cursor_uleb(cursor);
	uintptr_t at = cursor->at;
	cursor_skip(cursor, bytes);
	cursor_open(block, cursor->image, at, cursor->failed ? 0 : bytes);
	block->failed |= cursor->failed;
}

static void cfa_expression(struct machine *machine, struct cursor *cursor)
{
	struct rule *rule = &machine->now.rule;
	struct cursor block, again;
	uint64_t dwarf;
	int64_t offset;
	block_take(cursor, &block);
	if (!expression_base(&block, &dwarf, &offset)) {
		rule->cfa_base = CFA_UNKNOWN;
		return;
	}
	cfa_set(rule, dwarf, offset);
	if (!cursor_more(&block))
		return;
	cursor_rest(&again, &block);
	if (!cfa_linkage_table(&block, machine->pc, rule) && !cfa_dereferenced(&again, rule))
		rule->cfa_base = CFA_UNKNOWN;
}

static void saved_expression(struct state *state, struct cursor *cursor)
{
	uint64_t target = cursor_uleb(cursor), base;
	struct cursor block;
	int64_t offset;
	block_take(cursor, &block);
	if (expression_base(&block, &base, &offset) && !cursor_more(&block))
		state_elsewhere(state, target, base, offset);
	else
		state_strange(state, target);
}

static int64_t cursor_factored(struct cursor *cursor, const struct machine *machine)
{
	return (int64_t)(cursor_uleb(cursor) * (uint64_t)machine->cie->data_align);
}

static int64_t cursor_factored_sf(struct cursor *cursor, const struct machine *machine)
{
	return (int64_t)((uint64_t)cursor_sleb(cursor) * (uint64_t)machine->cie->data_align);
}

/* The opcodes that say where the CFA is (DWARF 5, 6.4.2.2). False for one that does not. */
static bool machine_cfa(struct machine *machine, unsigned op, struct cursor *cursor)
{
	struct rule *rule = &machine->now.rule;
	uint64_t dwarf;
	switch (op) {
	case 0x0c: /* def_cfa */
		dwarf = cursor_uleb(cursor);
		cfa_set(rule, dwarf, (int64_t)cursor_uleb(cursor));
		return true;
	case 0x0d: /* def_cfa_register */
		cfa_register(rule, cursor_uleb(cursor));
		return true;
	case 0x0e: /* def_cfa_offset */
		cfa_offset(rule, (int64_t)cursor_uleb(cursor));
		return true;
	case 0x0f: /* def_cfa_expression */
		cfa_expression(machine, cursor);
		return true;
	case 0x12: /* def_cfa_sf */
		dwarf = cursor_uleb(cursor);
		cfa_set(rule, dwarf, cursor_factored_sf(cursor, machine));
		return true;
	case 0x13: /* def_cfa_offset_sf */
		cfa_offset(rule, cursor_factored_sf(cursor, machine));
		return true;
	}
	return false;
}

/* The opcodes that say where a register is (6.4.2.3). False for one that does not. */
static bool machine_register(struct machine *machine, unsigned op, struct cursor *cursor)
{
	struct state *now = &machine->now;
	uint64_t dwarf;
	switch (op) {
	case 0x05: /* offset_extended */
		dwarf = cursor_uleb(cursor);
		state_saved(now, dwarf, cursor_factored(cursor, machine));
		return true;
	case 0x06: /* restore_extended */
		state_restore(machine, cursor_uleb(cursor));
		return true;
	case 0x07: /* undefined */
		state_lost(now, cursor_uleb(cursor));
		return true;
	case 0x08: /* same_value */
		state_same(now, cursor_uleb(cursor));
		return true;
	case 0x09: /* register */
		state_strange(now, cursor_uleb(cursor));
		cursor_uleb(cursor);
		return true;
	case 0x10: /* expression */
		saved_expression(now, cursor);
		return true;
	case 0x11: /* offset_extended_sf */
		dwarf = cursor_uleb(cursor);
		state_saved(now, dwarf, cursor_factored_sf(cursor, machine));
		return true;
	}
	return false;
}

/* The opcodes without operand bits in them. False for one that is not known. */
static bool machine_extended(struct machine *machine, unsigned op, struct cursor *cursor)
{
	switch (op) {
	case 0x00: /* nop */
		return true;
	case 0x02: /* advance_loc1, 2, 4 */
	case 0x03:
	case 0x04:
		machine->location +=
			cursor_number(cursor, 1u << (op - 2)) * machine->cie->code_align;
		return true;
	case 0x0a: /* remember_state */
		if (machine->depth == STATES_MAX)
			return false;
		machine->remembered[machine->depth++] = machine->now;
		return true;
	case 0x0b: /* restore_state */
		if (!machine->depth)
			return false;
		machine->now = machine->remembered[--machine->depth];
		return true;
	case 0x2e: /* GNU_args_size */
		cursor_uleb(cursor);
		return true;
	}
	return machine_cfa(machine, op, cursor) || machine_register(machine, op, cursor);
}

static bool machine_step(struct machine *machine, struct cursor *cursor)
{
	unsigned op = cursor_byte(cursor), operand = op & 0x3f;
	switch (op >> 6) {
	case 1:
		machine->location += operand * machine->cie->code_align;
		return true;
	case 2:
		state_saved(&machine->now, operand, cursor_factored(cursor, machine));
		return true;
	case 3:
		state_restore(machine, operand);
		return true;
	}
	return machine_extended(machine, op, cursor);
}

/* Runs a program until it ends or describes code past the pc. False for bytes that make no sense. */
static bool machine_run(
	struct machine *machine, const struct cfi_image *image, const struct program *program)
{
	struct cursor cursor;
	if (!program->bytes)
		return true;
	cursor_open(&cursor, image, program->at, program->bytes);
	while (cursor_more(&cursor)) {
		if (!machine_step(machine, &cursor)) {
			machine->unusual = true;
			break;
		}
		if (machine->location > machine->pc)
			break;
	}
	return !cursor.failed;
}

/* Nearly every rule is simple. What is not saved gets an offset that can be read, so that a step need
 * not branch on each register. */
static void rule_reach(struct rule *rule)
{
	int reach = 8;
	if (rule->cfa_deref || rule->elsewhere || rule->lost || rule->signal_frame)
		return;
	for (unsigned i = 0; i < REGISTERS; i++) {
		if (!(rule->saved & DW_BIT(i)))
			rule->offset[i] = -8;
		if (rule->offset[i] > -8)
			return;
		if (-rule->offset[i] > reach)
			reach = -rule->offset[i];
	}
	rule->reach = (uint16_t)reach;
}

static enum rule_kind machine_kind(const struct machine *machine)
{
	const struct rule *rule = &machine->now.rule;
	if (machine->unusual)
		return RULE_UNUSUAL;
	if (rule->lost & HAVE_PC)
		return RULE_OUTERMOST;
	if (machine->now.strange || rule->cfa_base == CFA_UNKNOWN ||
		!((rule->saved | rule->elsewhere) & HAVE_PC))
		return RULE_UNUSUAL;
	return RULE_PLAIN;
}

/* Only a plain rule has more than its kind to say. */
static void machine_verdict(const struct machine *machine, struct rule *rule)
{
	enum rule_kind kind = machine_kind(machine);
	if (kind == RULE_PLAIN)
		*rule = machine->now.rule;
	rule->kind = (uint8_t)kind;
	rule->signal_frame = machine->cie->signal_frame;
	if (kind == RULE_PLAIN)
		rule_reach(rule);
}

void cfi_rule(const struct cfi_image *image, uintptr_t pc, struct rule *rule)
{
	struct fde fde;
	*rule = (struct rule){.kind = RULE_NONE};
	enum found found = fde_find(image, pc, &fde);
	if (found == FOUND_UNUSUAL)
		rule->kind = RULE_UNUSUAL;
	if (found != FOUND)
		return;
	struct machine machine = {.pc = pc, .location = fde.start, .cie = &fde.cie};
	machine.now.rule.cfa_base = CFA_UNKNOWN;
	if (!machine_run(&machine, image, &fde.cie.program))
		return;
	machine.initial = machine.now;
	if (!machine.unusual && !machine_run(&machine, image, &fde.program))
		return;
	machine_verdict(&machine, rule);
}

bool cfi_function(const struct cfi_image *image, uintptr_t pc, uintptr_t *start, uintptr_t *end)
{
	struct fde fde;
	if (fde_find(image, pc, &fde) != FOUND)
		return false;
	*start = fde.start;
	*end = fde.end;
	return true;
}
