/*
 * roots.h - where marking begins: all memory whose inside is not understood otherwise, what the kernel holds, and the
 * threads that can run.
 *
 * In the child of picture.h, once regions, areas and marks are ready.
 */
#ifndef LEAKWATCH_ROOTS_H
#define LEAKWATCH_ROOTS_H

#include "preload/proof.h"
#include "preload/space.h"

#include <stdbool.h>
#include <stdint.h>

/* Notes which memory is understood otherwise: blocks, stacks, our own. False when memory is short. */
bool roots_begin(const struct proof_task *task, const struct space *space);

/* Marks from memory and from what the kernel holds. Returns bits of enum reason: what could not be looked at. */
uint32_t roots_mark(void);

/* Marks from a thread: its stack, its thread-local storage, its registers. */
void roots_thread(uint32_t thread);

/* Marks from its thread-local storage alone. */
void roots_local(uint32_t thread);

/* Whether one of the names stands in a module other than libc, the loader and the shim: only then can the program
 * call it. */
bool roots_name(const char *const *names, unsigned count);

#endif
