/*
 * blocks.c - bits by address, and a coarser set of bits over them, so that the beginning of a large block is found in
 * few steps.
 */
#include "preload/blocks.h"
#include "preload/arena.h"
#include "preload/array.h"

#include <string.h>

#define WORD_BITS 64u

struct region {
	uintptr_t start, end;
	uint64_t *begins; /* a bit for each grain: a block begins there */
	uint64_t *coarse; /* a bit for each word of begins that is not 0 */
	uint64_t *freed, *marked;
	size_t words; /* of begins, freed and marked */
};

static struct array regions_array;
static size_t region_count;
static size_t bits_bytes;

static struct region *region_at(size_t index)
{
	return (struct region *)regions_array.memory + index;
}

struct region *region_add(uintptr_t start, uintptr_t end)
{
	size_t words = (end - start) / BLOCK_GRAIN / WORD_BITS + 1;
	size_t bytes = (3 * words + words / WORD_BITS + 1) * sizeof(uint64_t);
	if (!array_room(&regions_array, region_count + 1, sizeof(struct region)))
		return NULL;
	uint64_t *bits = arena_map(bytes);
	if (!bits)
		return NULL;
	bits_bytes += bytes;
	struct region *region = region_at(region_count++);
	*region = (struct region){
		start, end, bits, bits + 3 * words, bits + words, bits + 2 * words, words};
	return region;
}

void region_drop(struct region *region)
{
	size_t bytes = (3 * region->words + region->words / WORD_BITS + 1) * sizeof(uint64_t);
	arena_unmap(region->begins, bytes);
	bits_bytes -= bytes;
	region_count--;
}

size_t blocks_bytes(void)
{
	return bits_bytes;
}

/* --- bits ----------------------------------------------------------------------------------------------- */

static size_t grain_of(const struct region *region, uintptr_t address)
{
	return (address - region->start) / BLOCK_GRAIN;
}

static bool bit_get(const uint64_t *bits, size_t at)
{
	return bits[at / WORD_BITS] >> at % WORD_BITS & 1;
}

static void bit_set(uint64_t *bits, size_t at)
{
	bits[at / WORD_BITS] |= UINT64_C(1) << at % WORD_BITS;
}

/* The last bit that is set at or below at, a word at a time; SIZE_MAX if there is none. */
static size_t bit_last(const uint64_t *bits, size_t at)
{
	size_t word = at / WORD_BITS;
	uint64_t below = bits[word] & (UINT64_MAX >> (WORD_BITS - 1 - at % WORD_BITS));
	while (!below && word)
		below = bits[--word];
	return below ? word * WORD_BITS + WORD_BITS - 1 - (unsigned)__builtin_clzll(below)
		     : SIZE_MAX;
}

void block_add(struct region *region, uintptr_t block)
{
	size_t grain = grain_of(region, block);
	bit_set(region->begins, grain);
	bit_set(region->coarse, grain / WORD_BITS);
}

void block_free(struct region *region, uintptr_t block)
{
	bit_set(region->freed, grain_of(region, block));
}

/* --- by address ------------------------------------------------------------------------------------------ */

/* Shell sort: libc's qsort() allocates. */
void regions_sort(void)
{
	for (size_t gap = region_count / 2; gap; gap /= 2)
		for (size_t i = gap; i < region_count; i++) {
			struct region moved = *region_at(i);
			size_t at = i;
			for (; at >= gap && region_at(at - gap)->start > moved.start; at -= gap)
				*region_at(at) = *region_at(at - gap);
			*region_at(at) = moved;
		}
}

bool region_holds(const struct region *region, uintptr_t address)
{
	return address >= region->start && address < region->end;
}

struct region *region_find(uintptr_t address)
{
	size_t low = 0, high = region_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (region_at(middle)->end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < region_count && region_at(low)->start <= address ? region_at(low) : NULL;
}

void regions_each(void (*note)(void *context, uintptr_t start, uintptr_t end), void *context)
{
	for (size_t i = 0; i < region_count; i++)
		note(context, region_at(i)->start, region_at(i)->end);
}

uintptr_t block_at(const struct region *region, uintptr_t address)
{
	size_t grain = grain_of(region, address), word = grain / WORD_BITS;
	if (!(region->begins[word] & (UINT64_MAX >> (WORD_BITS - 1 - grain % WORD_BITS)))) {
		word = word ? bit_last(region->coarse, word - 1) : SIZE_MAX;
		if (word == SIZE_MAX)
			return region->start;
		grain = word * WORD_BITS + WORD_BITS - 1;
	}
	return region->start + bit_last(region->begins, grain) * BLOCK_GRAIN;
}

uintptr_t block_end(const struct region *region, uintptr_t block)
{
	size_t grain = grain_of(region, block) + 1,
	       last = (region->end - region->start) / BLOCK_GRAIN;
	while (grain < last) {
		uint64_t above = region->begins[grain / WORD_BITS] >> grain % WORD_BITS;
		if (above)
			return region->start +
			       (grain + (unsigned)__builtin_ctzll(above)) * BLOCK_GRAIN;
		grain = (grain / WORD_BITS + 1) * WORD_BITS;
	}
	return region->end;
}

bool block_is(const struct region *region, uintptr_t block)
{
	return region_holds(region, block) && block % BLOCK_GRAIN == 0 &&
	       bit_get(region->begins, grain_of(region, block));
}

bool block_is_free(const struct region *region, uintptr_t block)
{
	return bit_get(region->freed, grain_of(region, block));
}

bool block_is_marked(const struct region *region, uintptr_t block)
{
	return bit_get(region->marked, grain_of(region, block));
}

void block_mark(struct region *region, uintptr_t block)
{
	bit_set(region->marked, grain_of(region, block));
}

void blocks_each_marked(void (*note)(uintptr_t block))
{
	for (size_t i = 0; i < region_count; i++) {
		const struct region *region = region_at(i);
		for (size_t word = 0; word < region->words; word++)
			for (uint64_t bits = region->marked[word]; bits; bits &= bits - 1)
				note(region->start +
					(word * WORD_BITS + (unsigned)__builtin_ctzll(bits)) *
						BLOCK_GRAIN);
	}
}
