/*
 * peek.h - reading this process's own memory through the kernel, so that a bad address is an answer and
 * not a fault.
 *
 * Watcher only. process_vm_readv() is the way; where a filter of system calls is at work, which may end
 * the process for a rare call, /proc/self/mem is, held open and read with pread().
 */
#ifndef LEAKWATCH_PEEK_H
#define LEAKWATCH_PEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From the constructor: notes how many filters are at work already. */
void peek_init(void);

/* Opens what it needs. Without it, process_vm_readv() is used. */
void peek_open(void);

/* Before each dump: chooses the way. */
void peek_choose(void);

/* Whether a filter is at work: calls that hosts rarely make are better not made then. */
bool peek_filtered(void);

/* Whether one has been put to work since the constructor: by the host for itself, which may have the process ended
 * for a call that it did not expect. */
bool peek_filtered_since(void);

/* Copies bytes at address from. The number of bytes copied, which may be less than asked for, or a negative
 * errno. */
long peek(void *to, uintptr_t from, size_t bytes);

/* A stretch of memory: laid out as the kernel's struct iovec. */
struct peeked {
	uintptr_t from;
	size_t bytes;
};

/* Copies several stretches, one behind the other, to where there is room for all. Returns how many of the first of
 * them were copied whole; 0 also where it cannot be done in one call. */
unsigned peek_several(void *to, const struct peeked *stretches, unsigned count);

/* In the child of a fork: the descriptors are the parent's, of the parent's memory. */
void peek_forget(void);

#endif
