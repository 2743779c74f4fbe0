/*
 * stacks.h - the stacks of waiting threads, each distinct one once.
 *
 * Watcher only. A stack stays from dump to dump, so a thread that has not moved keeps the one that was
 * found for it.
 */
#ifndef LEAKWATCH_STACKS_H
#define LEAKWATCH_STACKS_H

#include <stdint.h>

struct stack;

/* The stack with these frames, made if it is new; NULL when memory is short or count is 0. The frames are
 * copied. */
struct stack *stack_intern(const uintptr_t *frames, unsigned count);

const uintptr_t *stack_frames(const struct stack *stack, unsigned *count);

/* When there are very many, frees them all and returns the new generation; every stack of an older
 * generation is gone. To be called between dumps. */
uint32_t stacks_generation(void);

/* For grouping: a number in the stack that is its user's, 0 when the stack is new. */
uint32_t *stack_mark(struct stack *stack);

/* In the child of a fork: the parent's watcher may have been in the middle of anything; starts over. */
void stacks_forget(void);

#endif
