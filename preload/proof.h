/*
 * proof.h - the judgement of one picture: which of the waiting threads cannot be reached by any that runs.
 *
 * Thought out in the child of picture.h; see docs/proof.md for the method.
 */
#ifndef LEAKWATCH_PROOF_H
#define LEAKWATCH_PROOF_H

#include "preload/contract/dump.h"
#include "preload/held.h"
#include "preload/link.h"
#include "preload/still.h"

#include <stdatomic.h>

enum proof_verdict {
	PROOF_NONE, /* it was no question */
	PROOF_REACHED, /* links say how */
	PROOF_UNREACHABLE,
	PROOF_UNMEASURED,
};

/* Of one thread, in the order of stills. */
struct proof_row {
	uint32_t verdict;
	uint32_t reasons; /* bits of enum reason: why it is less than certain, or not measured */
	uint32_t link_count;
	uint32_t
		ran; /* while the picture was taken: written by the parent before the child is let go */
	struct link_shown links[DUMP_LINKS_MAX]; /* from the root to the object */
};

/* Shared between parent and child. */
struct proof {
	_Atomic uint32_t whole; /* 1 once all of it was written */
	uint32_t ran; /* by the parent, likewise: any thread did, began or ended */
	uint32_t failed; /* bits of enum reason: nothing was measured */
	uint64_t scanned_bytes;
	uint64_t cpu_ns; /* that the child took */
	struct proof_row rows[];
};

/* A stretch of memory. */
struct extent {
	uintptr_t start, end;
};

/* What the child is given. */
struct proof_task {
	struct proof *proof;
	size_t proof_bytes;
	const struct stills *stills;
	const struct helds *helds;
	struct extent libc, loader, own; /* images of modules; own is the shim's */
	uint64_t space_bytes; /* of the parent; 0: not known */
	uint64_t limit_ns; /* of time, from when it begins */
	bool handled; /* a handler of signals is installed, ... */
	bool interrupts; /* ... one that ends system calls */
};

/* In the child, with a struct proof_task. */
void proof_find(void *task);

#endif
