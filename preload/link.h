/*
 * link.h - a place that a pointer stands in, as it is noted while memory is marked.
 */
#ifndef LEAKWATCH_LINK_H
#define LEAKWATCH_LINK_H

#include "preload/contract/dump.h"

#include <stdint.h>

#define LINK_NOBODY UINT32_MAX

struct link {
	uint32_t kind; /* enum link_kind; what is in a module's data is LINK_ANONYMOUS here */
	uint32_t number; /* of the thread, in the order of stills; of the descriptor */
	uint64_t address; /* of the place; 0: it has none */
};

/* The same for a dump. */
struct link_shown {
	uint32_t kind; /* enum link_kind */
	uint64_t number; /* the thread's id, 0: it has none; the descriptor */
	uint64_t address; /* of the place; of a heap the block that malloc() returned */
	uint64_t
		detail; /* of a heap the offset in the block; of a stack the frame's return address, 0: not known */
};

#endif
