/*
 * memory.h - memory that is given back all at once.
 *
 * A command of the analyzer reads, groups, looks up, prints and ends; what it makes on the way lives
 * in a pool and goes with it. Where the machine has no memory left, the program says so and ends with
 * EXIT_UNUSABLE: nothing useful could follow, so no call here returns NULL.
 */
#ifndef LEAKWATCH_MEMORY_H
#define LEAKWATCH_MEMORY_H

#include <stddef.h>

struct pool;

struct pool *pool_new(void);
void pool_free(struct pool *pool); /* and all that was allocated from it; NULL is allowed */

/* Zeroed, aligned for any type, valid until pool_free(). */
void *pool_alloc(struct pool *pool, size_t bytes);

/* pool_alloc() of an array; a product that overflows is "out of memory". */
void *pool_array(struct pool *pool, size_t count, size_t item_bytes);

char *pool_text(struct pool *pool, const char *text); /* a copy */
char *pool_print(struct pool *pool, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A list under construction: rows_add() returns a zeroed new last item. Items move when the list
 * grows, so keep indexes, not pointers, until it is complete. Start with { .item_bytes = N }. */
struct rows {
	void *items;
	size_t count, room, item_bytes;
};

void *rows_add(struct rows *rows, struct pool *pool);

#endif
