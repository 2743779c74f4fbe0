/*
 * recover.c - looks for the record of a frame upwards from its sp.
 *
 * A candidate is believed if the return address beside it follows a call instruction in a loaded
 * object and if the next frames can be left from there, each to the address after a call. Old records
 * of calls that have returned lie on the stack as well, and often hold together. So the search begins
 * above the locals that the function's prologue makes room for: mostly the record is just there. The
 * first pass takes a candidate only if the call before its return address goes to the function at hand,
 * directly or through a linkage table; the second, for calls through pointers and tail calls, takes any.
 */
#include "preload/recover.h"
#include "preload/peek.h"
#include "preload/sys.h"

#include <string.h>

#define FRAMES_AHEAD   3 /* how many further frames must hold together */
#define CALL_BYTES     7 /* the longest call instruction without prefixes */
#define PROLOGUE_BYTES 32 /* of code to look at */
#define RECORD_BYTES   16

/* The function at hand. */
struct function {
	uintptr_t start; /* 0: not known */
	uintptr_t frame_bytes; /* its bp is at least so far above its sp, while it calls another */
};

/* --- calls ---------------------------------------------------------------------------------------- */

static bool code_read(uintptr_t address, void *bytes, size_t size)
{
	return peek(bytes, address, size) == (long)size;
}

/* The length of "call r/m64" whose opcode, 0xff, is at code; 0 if it is another instruction. */
static unsigned call_indirect_length(const unsigned char *code)
{
	unsigned mode = code[1] >> 6, rm = code[1] & 7, sib = mode != 3 && rm == 4;
	if (code[0] != 0xff || ((code[1] >> 3) & 7) != 2)
		return 0;
	if (mode == 0 && (rm == 5 || (sib && (code[2] & 7) == 5)))
		return 2 + sib + 4;
	return 2 + sib + (mode == 1 ? 1 : mode == 2 ? 4 : 0);
}

/* The length of the call instruction that ends where code + CALL_BYTES is, 0 if none does. */
static unsigned call_length(const unsigned char *code)
{
	if (code[CALL_BYTES - 5] == 0xe8)
		return 5;
	for (unsigned length = 2; length <= CALL_BYTES; length++)
		if (call_indirect_length(code + CALL_BYTES - length) == length)
			return length;
	return 0;
}

static uintptr_t relative(const unsigned char *displacement, uintptr_t next)
{
	int32_t distance;
	memcpy(&distance, displacement, sizeof(distance));
	return next + (uintptr_t)(intptr_t)distance;
}

/* Where a linkage table's entry jumps to: "[endbr64] [bnd] jmp *slot(%rip)". 0 if it is none. */
static uintptr_t linkage_target(uintptr_t entry)
{
	unsigned char code[11];
	unsigned at = 0;
	uint64_t target;
	if (!code_read(entry, code, sizeof(code)))
		return 0;
	if (memcmp(code, "\xf3\x0f\x1e\xfa", 4) == 0)
		at = 4;
	at += code[at] == 0xf2;
	if (at + 6 > sizeof(code) || code[at] != 0xff || code[at + 1] != 0x25)
		return 0;
	uintptr_t slot = relative(code + at + 2, entry + at + 6);
	return code_read(slot, &target, sizeof(target)) ? target : 0;
}

/* Whether a call instruction ends at ra; and if callee is given, whether that call goes to it. */
static bool call_ends_at(uintptr_t ra, const struct function *callee)
{
	unsigned char code[CALL_BYTES];
	uint64_t target;
	if (!code_read(ra - CALL_BYTES, code, sizeof(code)))
		return false;
	unsigned length = call_length(code);
	if (!callee)
		return length != 0;
	if (length == 5) {
		target = relative(code + CALL_BYTES - 4, ra);
		return target == callee->start || linkage_target(target) == callee->start;
	}
	if (length == 6 && code[2] == 0x15)
		return code_read(relative(code + 3, ra), &target, sizeof(target)) &&
		       target == callee->start;
	return false;
}

/* --- records -------------------------------------------------------------------------------------- */

static bool frame_follows_call(const struct frame *frame)
{
	return frame->exact || call_ends_at(frame->at[AT_PC], NULL);
}

/* Whether it is the code that a signal handler returns to, which nothing calls. */
static bool frame_is_trampoline(const struct stepper *stepper, const struct frame *frame)
{
	struct stepper ahead = *stepper;
	struct frame trial = *frame;
	struct rule rule = {0};
	step_by_rule(&ahead, &trial, &rule);
	return rule.signal_frame;
}

/* Whether the frames from this one on can be left, as far as the view goes, or to what a handler
 * interrupted. */
static bool frames_hold(struct stepper *stepper, struct frame *frame)
{
	struct rule rule = {0};
	for (unsigned i = 0; i < FRAMES_AHEAD; i++) {
		enum step step = step_by_rule(stepper, frame, &rule);
		if (step == STEP_OUTERMOST || (step == STEP_OUTSIDE && i > 0) || rule.signal_frame)
			return true;
		if (step != STEP_CALLER ||
			!(frame_follows_call(frame) || frame_is_trampoline(stepper, frame)))
			return false;
	}
	return true;
}

/* A cheap look before the dear one: the word where the return address would be must be in an object. */
static bool candidate_likely(const struct stepper *stepper, const struct rule *rule, uintptr_t bp)
{
	uintptr_t slot = bp + (uintptr_t)(intptr_t)(rule->cfa_offset + rule->offset[AT_PC]);
	struct stepper ahead = *stepper;
	uint64_t ra;
	return view_word(stepper->view, slot, &ra) && stepper_place(&ahead, ra - 1);
}

static bool candidate_holds(const struct stepper *stepper, const struct frame *frame, uintptr_t bp,
	const struct function *function)
{
	struct stepper ahead = *stepper;
	struct frame trial = *frame;
	struct rule rule;
	trial.at[AT_BP] = bp;
	trial.have |= HAVE_BP;
	if (step_by_rule(&ahead, &trial, &rule) != STEP_CALLER)
		return false;
	bool entered = call_ends_at(trial.at[AT_PC], function) ||
		       (!function && frame_is_trampoline(&ahead, &trial));
	return entered && frames_hold(&ahead, &trial);
}

/* What a prologue of the form "[endbr64] push %rbp; mov %rsp,%rbp; push...; sub $N,%rsp" reserves; 0 for
 * another form. */
static uintptr_t prologue_bytes(uintptr_t start)
{
	unsigned char code[PROLOGUE_BYTES];
	uintptr_t bytes = 0;
	int32_t more;
	unsigned at = 0;
	if (!code_read(start, code, sizeof(code)))
		return 0;
	if (memcmp(code, "\xf3\x0f\x1e\xfa", 4) == 0)
		at = 4;
	if (memcmp(code + at, "\x55\x48\x89\xe5", 4) != 0)
		return 0;
	/* Further pushes: one byte each, or two for r8 and above. */
	for (at += 4; at + 7 < sizeof(code); at++, bytes += 8) {
		at += code[at] == 0x41 && (code[at + 1] & 0xf8) == 0x50;
		if ((code[at] & 0xf8) != 0x50)
			break;
	}
	memcpy(&more, code + at + 3, sizeof(more));
	if (memcmp(code + at, "\x48\x83\xec", 3) == 0)
		return bytes + (code[at + 3] < 0x80 ? code[at + 3] : 0);
	if (memcmp(code + at, "\x48\x81\xec", 3) == 0 && more > 0)
		return bytes + (uintptr_t)more;
	return bytes;
}

static bool function_find(
	const struct stepper *stepper, const struct frame *frame, struct function *found)
{
	struct cfi_image image;
	uintptr_t end;
	if (!stepper_image(stepper, &image) ||
		!cfi_function(&image, frame_place(frame), &found->start, &end))
		return false;
	/* An interrupted function may still be in its prologue. */
	found->frame_bytes = frame->exact ? 0 : prologue_bytes(found->start);
	return true;
}

/* STEP_CALLER if a record was found, frame is then the caller. */
static enum step scan(struct stepper *stepper, struct frame *frame, const struct rule *rule,
	const struct function *function, bool called_directly)
{
	uintptr_t first = (frame->at[AT_SP] + function->frame_bytes + 7) & -(uintptr_t)8;
	struct rule same;
	for (uintptr_t bp = first; bp - first < RECOVER_BYTES; bp += 8) {
		if (!view_piece(stepper->view, bp, RECORD_BYTES)) {
			stepper->needs = bp;
			return STEP_OUTSIDE;
		}
		if (!candidate_likely(stepper, rule, bp) ||
			!candidate_holds(stepper, frame, bp, called_directly ? function : NULL))
			continue;
		frame->at[AT_BP] = bp;
		frame->have |= HAVE_BP;
		return step_by_rule(stepper, frame, &same);
	}
	return STEP_UNKNOWN;
}

enum step recover_pointer(struct stepper *stepper, struct frame *frame)
{
	struct function function = {0};
	struct frame trial = *frame;
	struct rule rule;
	if (step_by_rule(stepper, &trial, &rule) != STEP_UNKNOWN || rule.cfa_base != AT_BP ||
		rule.cfa_deref || !(rule.saved & HAVE_PC) || frame->have & HAVE_BP)
		return STEP_UNKNOWN;
	if (function_find(stepper, frame, &function) &&
		scan(stepper, frame, &rule, &function, true) == STEP_CALLER)
		return STEP_CALLER;
	return scan(stepper, frame, &rule, &function, false);
}

enum step recover_caller(struct stepper *stepper, struct frame *frame)
{
	uintptr_t bp = frame->at[AT_BP];
	struct frame caller = {.have = HAVE_PC | HAVE_SP | HAVE_BP};
	if (!(frame->have & HAVE_BP) || bp < frame->at[AT_SP] || bp % 8)
		return STEP_NO_RULE;
	if (!view_word(stepper->view, bp, &caller.at[AT_BP]) ||
		!view_word(stepper->view, bp + 8, &caller.at[AT_PC]))
		return STEP_NO_RULE;
	caller.at[AT_SP] = bp + RECORD_BYTES;
	if (!stepper_place(stepper, frame_place(&caller)) || !frame_follows_call(&caller))
		return STEP_NO_RULE;
	*frame = caller;
	return STEP_CALLER;
}
