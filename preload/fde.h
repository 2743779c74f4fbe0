/*
 * fde.h - a code address -> the record of .eh_frame that describes it.
 */
#ifndef LEAKWATCH_FDE_H
#define LEAKWATCH_FDE_H

#include "preload/image.h"

#include <stdbool.h>
#include <stdint.h>

/* A program of call frame instructions: where it lies, how long it is. Within the image. */
struct program {
	uintptr_t at;
	uintptr_t bytes;
};

/* What many records have in common. */
struct cie {
	uint64_t code_align;
	int64_t data_align;
	unsigned encoding; /* of addresses in its FDEs */
	bool augmented; /* FDEs carry a length of augmentation data */
	bool signal_frame;
	struct program program;
};

/* The record of one function, or of a part of one. */
struct fde {
	uintptr_t start, end; /* the code that it describes */
	struct cie cie;
	struct program program;
};

/* What becomes of a look-up: unusual is left to libunwind, none is final. */
enum found { FOUND, FOUND_NONE, FOUND_UNUSUAL };

/* Finds the record by the sorted table of .eh_frame_hdr. fde holds nothing of use unless FOUND. */
enum found fde_find(const struct cfi_image *image, uintptr_t pc, struct fde *fde);

#endif
