/*
 * recall.h - the stacks that were followed lately: a thread that waits where others do need not be walked again.
 *
 * Watcher only. Good for one snapshot, during which the table of objects stays as it is.
 */
#ifndef LEAKWATCH_RECALL_H
#define LEAKWATCH_RECALL_H

#include "preload/registers.h"
#include "preload/trail.h"

#include <stddef.h>
#include <stdint.h>

struct stack;

/* Forgets all. When a snapshot begins, and in the child of a fork. */
void recall_begin(void);
void recall_forget(void);

/* The stack that a walk from registers over bytes, count of them from sp up, would find; NULL: not known. */
struct stack *recall_find(
	const struct registers *registers, const unsigned char *bytes, size_t count);

/* Remembers where a walk led whose trail is whole. */
void recall_keep(const struct trail *trail, struct stack *stack);

/* How much of a stack waits at pc have taken so far; 0: none is known. */
size_t recall_bytes(uintptr_t pc);

#endif
