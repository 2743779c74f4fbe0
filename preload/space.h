/*
 * space.h - the address space of the calling process: what is mapped where, and of which kind.
 *
 * Watcher only, and its child. No part of the memory itself is read.
 */
#ifndef LEAKWATCH_SPACE_H
#define LEAKWATCH_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum range_kind {
	RANGE_ANONYMOUS, /* private, of no file */
	RANGE_BREAK, /* the same, below the program break: [heap] */
	RANGE_STACK, /* the same, of the main thread: [stack] */
	RANGE_FILE, /* private, of a file */
	RANGE_SHARED_MEMORY, /* shared, of no file on a disk */
	RANGE_SHARED_FILE,
	RANGE_DEVICE, /* reading it may do something */
	RANGE_KERNEL, /* [vdso] and its like */
};

struct range {
	uintptr_t start, end;
	enum range_kind kind;
	bool readable, writable, executable;
	bool huge; /* of huge pages of its own pool */
	bool wiped; /* empty in a child */
	bool asynchronous; /* of Linux's asynchronous I/O */
	uint64_t
		own_bytes; /* of a private one: that were written, as far as the kernel counts them */
	uint64_t swapped_bytes;
};

struct space {
	struct range *list; /* by address */
	size_t count;
};

/* Reads all of it, with what each range holds: milliseconds for each gigabyte in use. False if it cannot be. The list
 * lives until the next call. */
bool space_read(struct space *space);

/* The bytes mapped; 0 if that cannot be read. For comparison: what a child has less was kept from it. */
uint64_t space_bytes(void);

/* Calls note for the parts of [start, end), in private memory, that were touched, whole pages but for both ends; for all
 * of it where that cannot be known, or is little. note may say false to end; then that is returned. */
bool space_touched(uintptr_t start, uintptr_t end,
	bool (*note)(void *context, uintptr_t start, uintptr_t end), void *context);

/* The range that holds address; NULL if none does. */
const struct range *space_find(const struct space *space, uintptr_t address);

/* In the child of a fork: starts over. */
void space_forget(void);

#endif
