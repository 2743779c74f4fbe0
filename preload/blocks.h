/*
 * blocks.h - the pieces of an allocator's memory, by address: which piece an address is in, whether it is in use,
 * whether it was reached.
 *
 * A region is a stretch of memory that is nothing but blocks, one behind the other. Three bits for each 16 bytes.
 * In the child of picture.h, on the arena.
 */
#ifndef LEAKWATCH_BLOCKS_H
#define LEAKWATCH_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCK_GRAIN 16

struct region;

/* A region, without blocks yet; the address of its first block and its end, multiples of BLOCK_GRAIN. NULL when
 * memory is short. Regions do not overlap. */
struct region *region_add(uintptr_t start, uintptr_t end);

/* Forgets the region again, which must be the last that was added. */
void region_drop(struct region *region);

/* Each block once, in any order. */
void block_add(struct region *region, uintptr_t block);
void block_free(struct region *region, uintptr_t block);

/* After the last was added: makes region_find() ready. */
void regions_sort(void);

/* The region that holds address; NULL if none does. */
struct region *region_find(uintptr_t address);
bool region_holds(const struct region *region, uintptr_t address);

/* Calls note for each region. */
void regions_each(void (*note)(void *context, uintptr_t start, uintptr_t end), void *context);

/* The block that holds address, which is in region: its start. Its end is where the next begins. */
uintptr_t block_at(const struct region *region, uintptr_t address);
uintptr_t block_end(const struct region *region, uintptr_t block);
bool block_is(const struct region *region, uintptr_t block); /* one begins there */

bool block_is_free(const struct region *region, uintptr_t block);
bool block_is_marked(const struct region *region, uintptr_t block);
void block_mark(struct region *region, uintptr_t block);

/* Calls note for each marked block; it may mark others, which are or are not among them. */
void blocks_each_marked(void (*note)(uintptr_t block));

/* Bytes that the bits take. */
size_t blocks_bytes(void);

#endif
