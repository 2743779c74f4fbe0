/*
 * mark.h - what can be reached: follows every word that points to a block or into a stack, and remembers from where.
 *
 * Two looks. The quick one takes each word that stands at an address divisible by eight. The thorough one, for the case
 * that somebody is about to be accused, takes words at any address, and finds pointers in disguise: with something else
 * in their upper 16 bits, cut to 32 bits, or mangled as setjmp() does. A pointer anywhere into a block reaches all of it.
 *
 * In the child of picture.h, once regions and areas are known.
 */
#ifndef LEAKWATCH_MARK_H
#define LEAKWATCH_MARK_H

#include "preload/link.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is called for a pointer to address, which stands at from, when that is in an entered area: awake if it is in the
 * thread's stack or its thread-local storage, held if it is the thread's handle. */
struct mark_calls {
	void (*awake)(uint32_t thread, uintptr_t address, const struct link *from);
	void (*held)(uint32_t thread);
};

/* Prepares; the look is the quick one. deadline_ns is of CLOCK_MONOTONIC. */
void mark_begin(const struct mark_calls *calls, uint64_t deadline_ns);

/* From now on the look is the thorough one. What was marked is to be followed again; roots are the caller's to repeat. */
void mark_doubt(void);

/* One word, which stands at from. */
void mark_word(uint64_t word, const struct link *from);

/* All words of memory that can be read without a fault; from->address is set as they stand. */
void mark_memory(uintptr_t start, uintptr_t end, struct link from);

/* The same through the kernel, of memory where reading may fault. False if some could not be read. */
bool mark_copied(uintptr_t start, uintptr_t end, struct link from);

/* Follows what was marked, to the end. */
void mark_follow(void);

enum mark_state { MARK_NOWHERE, MARK_FREED, MARK_WHITE, MARK_REACHED };

/* Of the block that a pointer to address belongs to; MARK_NOWHERE outside of all regions. */
enum mark_state mark_state(uintptr_t address);

/* From where the block was reached that address is in; false if that is not known. */
bool mark_source(uintptr_t address, struct link *from);

/* Whether the limit of time or memory was reached: the marks are not complete then. */
bool mark_failed(void);

uint64_t mark_bytes(void); /* looked at */

#endif
