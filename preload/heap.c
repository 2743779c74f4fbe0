/*
 * heap.c - walks glibc's heaps (malloc/malloc.c, malloc/arena.c; 2.35 to 2.41) from what they themselves say.
 *
 * Nothing of malloc is exported, so its two records are found by what must stand in them, in libc's writable data:
 *
 *   malloc_par    the start of the main heap, after the sums of memory mapped for single blocks
 *   main_arena    the address of the main heap's last block, in a record whose 127 bins all are circles
 *
 * From them follow the main heap, the ring of arenas with their heaps, and how many bytes of single blocks there must
 * be. Each heap is walked header by header to its very end. Every step is checked, and a heap that fails one check is
 * not understood as a whole. A block is free if the next one says so, or if it is in a chain of a thread's cache or of
 * an arena's fast bins, each of which must be sound from its head to its end.
 *
 * It refuses other versions, whose records look otherwise.
 */
#include "preload/heap.h"
#include "preload/array.h"
#include "preload/blocks.h"

#include <gnu/libc-version.h>
#include <string.h>

#define GLIBC_MINOR_FIRST 35
#define GLIBC_MINOR_LAST  41
#define PAGE_BYTES	  4096

/* The header of a block: the size of the one before it, if that is free; its own, with three flags. */
#define IN_USE_BEFORE 1u
#define MAPPED	      2u
#define OTHER_ARENA   4u
#define FLAGS	      7u
#define BLOCK_LEAST   32u
#define FENCE_BYTES   16u /* of the headers that close a heap which has a successor */

/* struct malloc_state, by offsets. */
#define ARENA_FAST  16
#define ARENA_TOP   96
#define ARENA_BINS  112
#define ARENA_NEXT  2160
#define ARENA_BYTES 2200
#define FAST_BINS   10
#define BINS	    127

/* struct _heap_info. */
#define HEAP_ALIGNMENT ((uintptr_t)64 << 20)
#define HEAP_PREVIOUS  8
#define HEAP_SIZE      16
#define HEAP_BYTES     48

/* struct tcache_perthread_struct, and a freed block in it: next, key. */
#define CACHE_BYTES 0x290u
#define CACHE_BINS  64
#define CHAIN_MAX   65536u

#define ARENAS_MAX  4096
#define AHEAD	    8 /* blocks, whose headers are fetched */

static const struct space *space;
static uintptr_t libc_start, libc_end;

static uintptr_t break_start; /* of the main heap's blocks, 0: not known */
static uintptr_t main_arena; /* 0: not found */
static uint64_t mapped_bytes; /* of single blocks, as malloc counts them */
static unsigned mapped_count;
static uintptr_t arenas[ARENAS_MAX];
static unsigned arena_count;

static struct array records_array; /* of heaps: pairs of start and end */
static size_t record_count;

static struct array caches_array;
static size_t cache_count;
static uint64_t cache_key;

static uint64_t word_at(uintptr_t address)
{
	return *(const uint64_t *)address;
}

static uint32_t half_at(uintptr_t address)
{
	return *(const uint32_t *)address;
}

/* Whether all of it is the process's own and can be read without a fault. */
static bool is_readable(uintptr_t address, size_t bytes)
{
	const struct range *range = space_find(space, address);
	return range && range->readable && range->end - address >= bytes &&
	       (range->kind == RANGE_ANONYMOUS || range->kind == RANGE_BREAK ||
		       range->kind == RANGE_FILE) &&
	       !range->huge && !range->wiped;
}

/* --- one heap -------------------------------------------------------------------------------------------- */

struct walk_of_heap {
	uintptr_t start, end; /* of the blocks; end is that of the memory in use */
	uintptr_t top; /* the last block, 0: the heap has a successor, and ends in fences */
	uintptr_t block;
	struct region *region;
};

static bool fences_close(const struct walk_of_heap *walk, uintptr_t fence)
{
	/* Some bytes are left behind them where the size is no multiple of theirs. */
	return !walk->top && walk->end - fence <= 4 * FENCE_BYTES;
}

/* The size of the block, 0 if it cannot be one. */
static uint64_t size_checked(const struct walk_of_heap *walk)
{
	uint64_t head = word_at(walk->block + 8), size = head & ~(uint64_t)FLAGS;
	if (head & MAPPED || size % BLOCK_GRAIN || size < BLOCK_LEAST ||
		size > walk->end - walk->block)
		return 0;
	return size;
}

/* Notes the block, and whether the one behind it says that it is free. */
static bool block_note(const struct walk_of_heap *walk, uint64_t size, bool *free_before)
{
	uintptr_t next = walk->block + size;
	bool used_before = word_at(walk->block + 8) & IN_USE_BEFORE;
	if (*free_before == used_before)
		return false;
	block_add(walk->region, walk->block);
	if (walk->block == walk->top) {
		block_free(walk->region, walk->block);
		return next == walk->end;
	}
	if (walk->end - next < FENCE_BYTES)
		return false;
	*free_before = !(word_at(next + 8) & IN_USE_BEFORE);
	if (!*free_before)
		return true;
	block_free(walk->region, walk->block);
	return word_at(next) == size;
}

static void cache_note(uintptr_t block)
{
	if (!array_room(&caches_array, cache_count + 1, sizeof(uintptr_t)))
		return;
	((uintptr_t *)caches_array.memory)[cache_count++] = block;
}

static bool heap_walk(struct walk_of_heap *walk)
{
	bool free_before = false;
	for (walk->block = walk->start; walk->end - walk->block >= FENCE_BYTES;) {
		uint64_t head = word_at(walk->block + 8), size = head & ~(uint64_t)FLAGS;
		if (size <= FENCE_BYTES && fences_close(walk, walk->block)) {
			block_add(walk->region, walk->block);
			block_free(walk->region, walk->block);
			return true;
		}
		size = size_checked(walk);
		if (!size || !block_note(walk, size, &free_before))
			return false;
		if (walk->block == walk->top)
			return true;
		/* Often many of one size follow each other. */
		__builtin_prefetch((const void *)(walk->block + AHEAD * size));
		if (size == CACHE_BYTES && !free_before)
			cache_note(walk->block);
		walk->block += size;
	}
	return false;
}

/* False when memory is short; a heap that does not hold together is just not added. */
static bool heap_add(uintptr_t start, uintptr_t end, uintptr_t top)
{
	size_t caches = cache_count;
	struct walk_of_heap walk = {start, end, top, start, region_add(start, end)};
	if (!walk.region)
		return false;
	if (!heap_walk(&walk)) {
		region_drop(walk.region);
		cache_count = caches;
	}
	return true;
}

/* --- malloc's records in libc's data --------------------------------------------------------------------- */

/* Calls found for each word of libc's writable data until it says true. */
static uintptr_t libc_search(bool (*found)(uintptr_t address, uintptr_t end))
{
	for (size_t i = 0; i < space->count; i++) {
		const struct range *range = &space->list[i];
		if (range->start < libc_start || range->start >= libc_end || !range->writable ||
			!is_readable(range->start, 1))
			continue;
		for (uintptr_t at = range->start; at < range->end; at += 8)
			if (found(at, range->end))
				return at;
	}
	return 0;
}

/* sbrk_base, and its neighbours: n_mmaps, n_mmaps_max, max_n_mmaps, no_dyn_threshold, mmapped_mem,
 * max_mmapped_mem before it; tcache_bins, tcache_max_bytes, tcache_count behind it. */
static bool is_parameters(uintptr_t at, uintptr_t end)
{
	uintptr_t base = word_at(at);
	if (end - at < 32 || at % PAGE_BYTES < 40 || !base || base % 8)
		return false;
	const struct range *range = space_find(space, base);
	uint64_t mapped = word_at(at - 16), most = word_at(at - 8), bins = word_at(at + 8);
	return range && range->kind == RANGE_BREAK && base - range->start < PAGE_BYTES &&
	       mapped % PAGE_BYTES == 0 && most >= mapped && bins <= CACHE_BINS &&
	       half_at(at - 36) <= half_at(at - 32) && half_at(at - 24) <= 1 &&
	       word_at(at + 16) <= (bins ? bins * BLOCK_GRAIN + 8 : 0) + BLOCK_GRAIN;
}

static bool bin_is_circle(uintptr_t bin)
{
	uint64_t first = word_at(bin + 16), last = word_at(bin + 24);
	if (first == bin || last == bin)
		return first == last;
	return is_readable(first, BLOCK_LEAST) && is_readable(last, BLOCK_LEAST) &&
	       word_at(first + 24) == bin && word_at(last + 16) == bin;
}

static bool arena_is_sound(uintptr_t arena)
{
	for (unsigned i = 0; i < BINS; i++)
		if (!bin_is_circle(arena + ARENA_BINS - 16 + 16 * i))
			return false;
	return true;
}

static bool is_main_arena(uintptr_t at, uintptr_t end)
{
	if (end - at < ARENA_BYTES)
		return false;
	uintptr_t top = word_at(at + ARENA_TOP);
	const struct range *range = space_find(space, top);
	if (!range || range->kind != RANGE_BREAK || range->end - top < FENCE_BYTES)
		return false;
	return top + (word_at(top + 8) & ~(uint64_t)FLAGS) == range->end && arena_is_sound(at);
}

static void records_find(void)
{
	uintptr_t parameters = libc_search(is_parameters);
	main_arena = parameters ? libc_search(is_main_arena) : 0;
	break_start = main_arena ? word_at(parameters) : 0;
	mapped_bytes = main_arena ? word_at(parameters - 16) : 0;
	mapped_count = main_arena ? half_at(parameters - 36) : 0;
}

/* --- arenas and their heaps ------------------------------------------------------------------------------- */

static uintptr_t arena_first_block(uintptr_t arena)
{
	return (arena + ARENA_BYTES + BLOCK_GRAIN - 1) & ~(uintptr_t)(BLOCK_GRAIN - 1);
}

/* Of a heap at its aligned address: whether its own record can be read, and is of this arena. */
static bool is_heap_of(uintptr_t heap, uintptr_t arena)
{
	if (!is_readable(heap, HEAP_BYTES) || word_at(heap) != arena)
		return false;
	uint64_t size = word_at(heap + HEAP_SIZE);
	return size > HEAP_BYTES && size <= HEAP_ALIGNMENT && is_readable(heap, size);
}

static bool record_note(uintptr_t start, uintptr_t end)
{
	if (!array_room(&records_array, record_count + 1, 2 * sizeof(uintptr_t)))
		return false;
	uintptr_t *record = (uintptr_t *)records_array.memory + 2 * record_count++;
	record[0] = start;
	record[1] = end;
	return true;
}

/* The heaps of an arena hang together from the newest, which holds the top, to the one that holds the arena. */
static bool arena_heaps_add(uintptr_t arena)
{
	uintptr_t top = word_at(arena + ARENA_TOP), heap = top & ~(HEAP_ALIGNMENT - 1);
	uintptr_t first = arena & ~(HEAP_ALIGNMENT - 1);
	for (unsigned i = 0; i < ARENAS_MAX && is_heap_of(heap, arena); i++) {
		uintptr_t start = heap == first ? arena_first_block(arena) : heap + HEAP_BYTES;
		if (!record_note(heap, start) ||
			!heap_add(start, heap + word_at(heap + HEAP_SIZE), i ? 0 : top))
			return false;
		if (heap == first)
			break;
		heap = word_at(heap + HEAP_PREVIOUS);
	}
	return true;
}

static bool is_other_arena(uintptr_t arena)
{
	return (arena & (HEAP_ALIGNMENT - 1)) == HEAP_BYTES &&
	       is_heap_of(arena - HEAP_BYTES, arena) && is_readable(arena, ARENA_BYTES) &&
	       arena_is_sound(arena);
}

static bool arenas_add(void)
{
	arena_count = 0;
	for (uintptr_t arena = word_at(main_arena + ARENA_NEXT);
		arena != main_arena && arena_count < ARENAS_MAX && is_other_arena(arena);
		arena = word_at(arena + ARENA_NEXT)) {
		arenas[arena_count++] = arena;
		if (!arena_heaps_add(arena))
			return false;
	}
	return true;
}

static bool main_heap_add(void)
{
	const struct range *range = space_find(space, break_start);
	uintptr_t start = (break_start + BLOCK_GRAIN - 1) & ~(uintptr_t)(BLOCK_GRAIN - 1);
	if (!is_readable(start, range->end - start))
		return true;
	return heap_add(start, range->end, word_at(main_arena + ARENA_TOP));
}

/* --- single blocks ----------------------------------------------------------------------------------------- */

/* The size of a block with a mapping of its own that begins at address, 0 if none does. */
static uint64_t single_size(uintptr_t address, uintptr_t end)
{
	uint64_t head = word_at(address + 8), size = head & ~(uint64_t)FLAGS;
	if ((head & FLAGS) != MAPPED || word_at(address) || size % PAGE_BYTES || !size ||
		size > end - address)
		return 0;
	return size;
}

static bool may_have_singles(const struct range *range)
{
	return range->kind == RANGE_ANONYMOUS && range->writable && !range->executable &&
	       range->own_bytes && is_readable(range->start, FENCE_BYTES);
}

/* What is looked for, and in which range; next is behind the last that was found. */
struct singles {
	bool (*note)(uintptr_t start, uint64_t size);
	uintptr_t next, end;
};

/* The kernel joins mappings that touch, so one may begin at any page that is in use. */
static bool singles_in(void *context, uintptr_t start, uintptr_t end)
{
	struct singles *singles = context;
	for (uintptr_t at = start > singles->next ? start : singles->next; at < end;) {
		uint64_t size = single_size(at, singles->end);
		if (size && !singles->note(at, size))
			return false;
		at += size ? size : PAGE_BYTES;
		singles->next = at;
	}
	return true;
}

static bool singles_each(bool (*note)(uintptr_t start, uint64_t size))
{
	for (size_t i = 0; i < space->count; i++) {
		const struct range *range = &space->list[i];
		struct singles singles = {note, range->start, range->end};
		if (may_have_singles(range) &&
			!space_touched(range->start, range->end, singles_in, &singles))
			return false;
	}
	return true;
}

static unsigned singles_count;
static uint64_t singles_bytes;

static bool single_count(uintptr_t start, uint64_t size)
{
	(void)start;
	singles_count++;
	singles_bytes += size;
	return true;
}

static bool single_add(uintptr_t start, uint64_t size)
{
	struct region *region = region_add(start, start + size);
	if (region)
		block_add(region, start);
	return region != NULL;
}

/* Only if they are exactly those that malloc has counted: other memory may look like one. */
static bool singles_add(void)
{
	singles_count = 0;
	singles_bytes = 0;
	if (!mapped_count || !singles_each(single_count))
		return true;
	if (singles_count != mapped_count || singles_bytes != mapped_bytes)
		return true;
	return singles_each(single_add);
}

/* --- freed blocks that look used ---------------------------------------------------------------------------- */

/* What stands at address points to the next of a chain, shifted by where it stands. */
static uintptr_t chain_next(uintptr_t address)
{
	return word_at(address) ^ address >> 12;
}

/* The block behind a pointer of malloc, if it is one of this size. */
static struct region *chain_region(uintptr_t pointer, uint64_t size)
{
	uintptr_t block = pointer - HEAP_HEADER_BYTES;
	struct region *region = region_find(block);
	if (pointer % BLOCK_GRAIN || !region || !block_is(region, block) ||
		(word_at(block + 8) & ~(uint64_t)FLAGS) != size)
		return NULL;
	return region;
}

/* Whether count blocks of this size hang from head, all with the key of this process. */
static bool chain_is_sound(uintptr_t head, unsigned count, uint64_t size)
{
	uintptr_t pointer = head;
	for (; count; count--, pointer = chain_next(pointer)) {
		if (!chain_region(pointer, size))
			return false;
		uint64_t key = word_at(pointer + 8);
		if (!key || (cache_key && key != cache_key))
			return false;
		cache_key = key;
	}
	return !pointer;
}

static uint64_t cached_size(unsigned bin)
{
	return BLOCK_LEAST + bin * BLOCK_GRAIN;
}

static bool cache_is_sound(uintptr_t cache)
{
	const uint16_t *counts = (const uint16_t *)cache;
	uintptr_t heads = cache + CACHE_BINS * sizeof *counts;
	for (unsigned bin = 0; bin < CACHE_BINS; bin++)
		if (!chain_is_sound(word_at(heads + 8 * bin), counts[bin], cached_size(bin)))
			return false;
	return true;
}

static void cache_free(uintptr_t cache)
{
	uintptr_t heads = cache + CACHE_BINS * sizeof(uint16_t);
	for (unsigned bin = 0; bin < CACHE_BINS; bin++) {
		uintptr_t pointer = word_at(heads + 8 * bin);
		for (; pointer; pointer = chain_next(pointer))
			block_free(chain_region(pointer, cached_size(bin)),
				pointer - HEAP_HEADER_BYTES);
	}
}

static void caches_free(void)
{
	for (size_t i = 0; i < cache_count; i++) {
		uintptr_t cache = ((uintptr_t *)caches_array.memory)[i] + HEAP_HEADER_BYTES;
		uint64_t key = cache_key;
		if (cache_is_sound(cache))
			cache_free(cache);
		else
			cache_key = key;
	}
}

/* A chain of blocks, not of what malloc returned; calls for each, false if it is not sound. */
static bool fast_chain(uintptr_t block, uint64_t size, bool release)
{
	for (unsigned i = 0; block; i++, block = chain_next(block + HEAP_HEADER_BYTES)) {
		struct region *region = chain_region(block + HEAP_HEADER_BYTES, size);
		if (!region || i > CHAIN_MAX)
			return false;
		if (release)
			block_free(region, block);
	}
	return true;
}

static void fast_free(uintptr_t arena)
{
	for (unsigned bin = 0; bin < FAST_BINS; bin++) {
		uintptr_t head = word_at(arena + ARENA_FAST + 8 * bin);
		if (fast_chain(head, cached_size(bin), false))
			fast_chain(head, cached_size(bin), true);
	}
}

/* --- all of it ----------------------------------------------------------------------------------------------- */

bool heap_is_known(void)
{
	const char *version = gnu_get_libc_version();
	unsigned minor = 0;
	if (version[0] != '2' || version[1] != '.')
		return false;
	for (version += 2; *version >= '0' && *version <= '9' && minor < 1000; version++)
		minor = minor * 10 + (unsigned)(*version - '0');
	return minor >= GLIBC_MINOR_FIRST && minor <= GLIBC_MINOR_LAST;
}

bool heap_read(const struct space *whole, uintptr_t data, uintptr_t data_end)
{
	space = whole;
	libc_start = data;
	libc_end = data_end;
	cache_count = record_count = 0;
	cache_key = 0;
	records_find();
	if (!main_arena)
		return true;
	if (!record_note(main_arena, main_arena + ARENA_BYTES) || !main_heap_add() ||
		!arenas_add() || !singles_add())
		return false;
	regions_sort();
	caches_free();
	fast_free(main_arena);
	for (unsigned i = 0; i < arena_count; i++)
		fast_free(arenas[i]);
	return true;
}

void heap_each_record(void (*note)(void *context, uintptr_t start, uintptr_t end), void *context)
{
	const uintptr_t *records = records_array.memory;
	for (size_t i = 0; i < record_count; i++)
		note(context, records[2 * i], records[2 * i + 1]);
}
