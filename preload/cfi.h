/*
 * cfi.h - call frame information: a code address -> how to find its caller.
 *
 * Reads the unwind tables of a loaded object (.eh_frame_hdr and .eh_frame) over a range of bytes, and
 * never outside of it, whatever the bytes say. No allocation, no lock, no state; any thread, any time.
 */
#ifndef LEAKWATCH_CFI_H
#define LEAKWATCH_CFI_H

#include "preload/image.h"

#include <stdbool.h>
#include <stdint.h>

/* The places of the registers in rules and frames; the order of struct registers. */
enum { AT_PC, AT_SP, AT_BP, AT_BX, AT_R12, AT_R13, AT_R14, AT_R15, REGISTERS };

enum rule_kind {
	RULE_NONE, /* no unwind information, or none that makes sense */
	RULE_PLAIN, /* the rest of struct rule holds */
	RULE_OUTERMOST, /* no caller: the outermost frame of its thread */
	RULE_UNUSUAL, /* well-formed as far as read, but not plain: libunwind may know */
};

/*
 * How one frame is left. With R the frame's registers, CFA = R[cfa_base] + cfa_offset, and where
 * cfa_deref says so, the word at that address, plus cfa_plus. The caller's sp is the CFA, unless saved.
 * Its other registers: bit set in saved, the word at CFA + offset; in elsewhere, the word at
 * R[elsewhere_base] + offset; in lost, unknown; in none, as they are.
 */
struct rule {
	uint8_t kind; /* enum rule_kind */
	bool signal_frame; /* the caller was interrupted, its pc is exact; set in RULE_UNUSUAL too */
	bool cfa_deref;
	uint8_t cfa_base;
	int32_t cfa_offset;
	int16_t cfa_plus;
	/* Not 0: nothing but saved matters, and all that is saved lies in so many bytes below the CFA; the
	 * offsets of what is not saved may be read as well and are of no meaning. */
	uint16_t reach;
	uint8_t saved, elsewhere, lost; /* of enum register_bit */
	uint8_t elsewhere_base;
	int16_t offset[REGISTERS];
};

/* The rule for the instruction at pc. */
void cfi_rule(const struct cfi_image *image, uintptr_t pc, struct rule *rule);

/* The bounds of the piece of code around pc that has its unwind information in common: a function, or
 * a part that the compiler placed apart. False if there is none. */
bool cfi_function(const struct cfi_image *image, uintptr_t pc, uintptr_t *start, uintptr_t *end);

#endif
