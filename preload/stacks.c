/*
 * stacks.c - the table of stacks: uthash, on the arena.
 */
#include "preload/stacks.h"
#include "preload/arena.h"

#include <string.h>

/* By default uthash ends the process when memory is short. In its non-fatal mode it leaves the element
 * out of the table and says so. */
#define HASH_NONFATAL_OOM		 1
#define uthash_nonfatal_oom(element)	 ((element)->count = 0)
#define uthash_malloc(bytes)		 arena_alloc(bytes)
#define uthash_free(memory, bytes)	 arena_free(memory, bytes)
#define HASH_FUNCTION(key, bytes, value) ((value) = frames_hash(key, bytes))

#define STACKS_MAX			 65536u

static unsigned frames_hash(const void *key, unsigned long bytes)
{
	const unsigned char *at = key;
	uint64_t hash = bytes;
	for (; bytes >= sizeof(uint64_t); bytes -= sizeof(uint64_t), at += sizeof(uint64_t)) {
		uint64_t word;
		memcpy(&word, at, sizeof word);
		hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 32;
	}
	return (unsigned)hash;
}

#include <uthash.h>

struct stack {
	UT_hash_handle hh;
	uint32_t mark;
	uint32_t count;
	uintptr_t frames[];
};

static struct stack *table;
static uint32_t generation = 1;

static size_t stack_bytes(unsigned count)
{
	return sizeof(struct stack) + count * sizeof(uintptr_t);
}

static struct stack *stack_add(const uintptr_t *frames, unsigned count)
{
	struct stack *stack = arena_alloc(stack_bytes(count));
	if (!stack)
		return NULL;
	stack->mark = 0;
	stack->count = count;
	memcpy(stack->frames, frames, count * sizeof *frames);
	HASH_ADD_KEYPTR(hh, table, stack->frames, count * sizeof *frames, stack);
	if (stack->count)
		return stack;
	arena_free(stack, stack_bytes(count));
	return NULL;
}

struct stack *stack_intern(const uintptr_t *frames, unsigned count)
{
	struct stack *stack = NULL;
	if (!count)
		return NULL;
	HASH_FIND(hh, table, frames, count * sizeof *frames, stack);
	return stack ? stack : stack_add(frames, count);
}

const uintptr_t *stack_frames(const struct stack *stack, unsigned *count)
{
	*count = stack ? stack->count : 0;
	return stack ? stack->frames : NULL;
}

uint32_t *stack_mark(struct stack *stack)
{
	return &stack->mark;
}

uint32_t stacks_generation(void)
{
	struct stack *stack, *next;
	if (HASH_COUNT(table) <= STACKS_MAX)
		return generation;
	HASH_ITER(hh, table, stack, next)
	{
		HASH_DEL(table, stack);
		arena_free(stack, stack_bytes(stack->count));
	}
	return ++generation;
}

void stacks_forget(void)
{
	table = NULL;
	generation++;
}
