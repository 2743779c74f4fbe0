/*
 * key.h - what a stack is called wherever it runs: the same across address space randomisation, restarts and hosts.
 */
#ifndef LEAKWATCH_KEY_H
#define LEAKWATCH_KEY_H

#include "analyzer/dump.h"
#include "analyzer/memory.h"

struct key {
	const char *bytes;
	size_t count;
};

/* A word, which says what the stack is of, then identity and offset of each frame. Lives in the pool. */
struct key key_of_stack(
	const struct dump *dump, const char *word, const struct stack *stack, struct pool *pool);

/* A hash of it, 64 bits: stable, and good enough for the few thousand groups of a fleet. */
uint64_t key_hash(struct key key);

#endif
