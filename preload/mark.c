/*
 * mark.c - marks blocks breadth first, so that what reached an object is a short way to it.
 *
 * Where a block was reached from is kept in a table of bounded size; a chain that needs more of them ends early.
 * Time and memory are looked at for every megabyte; when they run out nothing that was found counts.
 */
#include "preload/mark.h"
#include "preload/areas.h"
#include "preload/arena.h"
#include "preload/array.h"
#include "preload/blocks.h"
#include "preload/heap.h"
#include "preload/registers.h"
#include "preload/sys.h"

#include <string.h>

#define AHEAD	      4 /* blocks in the queue, whose memory is fetched */
#define CHECK_BYTES   ((uint64_t)1 << 20)
#define MEMORY_MOST   ((size_t)1 << 30) /* of bits, queue and sources together */
#define SOURCES_MOST  ((size_t)1 << 21)
#define SOURCES_FIRST ((size_t)1 << 14)
#define BUFFER_BYTES  65536
#define SPLIT                                                                                      \
	((uintptr_t)0x700000000000) /* mappings are above, by the kernel's layout of 47 bits */
#define ADDRESS_MASK (((uint64_t)1 << 48) - 1)
#define MANGLE_BITS  17

struct source {
	uintptr_t block; /* 0: free */
	struct link from;
};

static const struct mark_calls *calls;
static uint64_t deadline_ns, looked_bytes, checked_bytes;
static bool failed;
static bool thorough;
static uint64_t guard; /* what setjmp() mangles pointers with */

/* All that is of interest lies in two stretches, for the main heap is far below all other memory. */
static struct {
	uintptr_t low, bytes;
} below, above;
static struct region *last_region;

static struct array queue_array;
static size_t queue_first, queue_end;

static struct source *sources;
static size_t source_room, source_count;

static _Alignas(8) unsigned char buffer[BUFFER_BYTES];

/* --- limits ---------------------------------------------------------------------------------------------- */

static void limits_look(uint64_t bytes)
{
	looked_bytes += bytes;
	if (bytes && looked_bytes - checked_bytes < CHECK_BYTES)
		return;
	checked_bytes = looked_bytes;
	size_t used = blocks_bytes() + queue_array.room + source_room * sizeof(struct source);
	if (sys_clock_ns(CLOCK_MONOTONIC) > deadline_ns || used > MEMORY_MOST)
		failed = true;
}

bool mark_failed(void)
{
	return failed;
}

uint64_t mark_bytes(void)
{
	return looked_bytes;
}

/* --- where blocks were reached from -------------------------------------------------------------------------- */

static struct source *source_place(struct source *table, size_t room, uintptr_t block)
{
	size_t at = (block >> 4) * 0x9e3779b97f4a7c15ull >> 20 & (room - 1);
	while (table[at].block && table[at].block != block)
		at = (at + 1) & (room - 1);
	return &table[at];
}

static bool sources_grow(void)
{
	size_t room = source_room ? source_room * 2 : SOURCES_FIRST;
	struct source *grown = room > SOURCES_MOST ? NULL : arena_map(room * sizeof *grown);
	if (!grown)
		return false;
	for (size_t i = 0; i < source_room; i++)
		if (sources[i].block)
			*source_place(grown, room, sources[i].block) = sources[i];
	if (sources)
		arena_unmap(sources, source_room * sizeof *sources);
	sources = grown;
	source_room = room;
	return true;
}

static void source_note(uintptr_t block, const struct link *from)
{
	if (source_count * 2 >= source_room && !sources_grow())
		return;
	*source_place(sources, source_room, block) = (struct source){block, *from};
	source_count++;
}

/* --- which words ----------------------------------------------------------------------------------------------- */

static inline __attribute__((always_inline)) bool is_interesting(uint64_t word)
{
	return word - above.low < above.bytes || word - below.low < below.bytes;
}

static void interest_add(uintptr_t start, uintptr_t end)
{
	if (start >= end)
		return;
	bool is_above = start >= SPLIT;
	uintptr_t low = is_above ? above.low : below.low,
		  bytes = is_above ? above.bytes : below.bytes;
	uintptr_t high = bytes && low + bytes > end ? low + bytes : end;
	low = bytes && low < start ? low : start;
	if (is_above)
		above.low = low, above.bytes = high - low;
	else
		below.low = low, below.bytes = high - low;
}

static void region_interest(void *unused, uintptr_t start, uintptr_t end)
{
	(void)unused;
	interest_add(start, end);
}

void mark_begin(const struct mark_calls *to_call, uint64_t end_ns)
{
	calls = to_call;
	deadline_ns = end_ns;
	thorough = failed = false;
	looked_bytes = checked_bytes = 0;
	queue_first = queue_end = source_count = 0;
	below.bytes = above.bytes = 0;
	last_region = NULL;
	regions_each(region_interest, NULL);
	areas_each(region_interest, NULL);
	guard = pointer_guard();
}

/* --- marking --------------------------------------------------------------------------------------------------- */

static void queue_put(uintptr_t block)
{
	if (!array_room(&queue_array, queue_end + 1, sizeof block)) {
		failed = true;
		return;
	}
	((uintptr_t *)queue_array.memory)[queue_end++] = block;
}

void mark_doubt(void)
{
	thorough = true;
	blocks_each_marked(queue_put);
}

static void block_reach(struct region *region, uintptr_t address, const struct link *from)
{
	uintptr_t block = block_at(region, address);
	if (block_is_marked(region, block) || block_is_free(region, block))
		return;
	block_mark(region, block);
	source_note(block, from);
	queue_put(block);
}

/* Whether the place is in the vector by which a thread finds its own thread-local storage. The vector hangs from the
 * second word of the thread's record, as the ABI has it; nobody else goes by it. */
static bool is_own_vector(const struct area *area, const struct link *from)
{
	if (from->kind != LINK_HEAP || area->end == area->handle)
		return false;
	uintptr_t vector = ((const uintptr_t *)area->handle)[1];
	const struct region *region = region_find(vector);
	return region && region_holds(region, vector - HEAP_HEADER_BYTES) &&
	       region_holds(region, from->address) &&
	       block_at(region, vector - HEAP_HEADER_BYTES) ==
		       block_at(region, from->address - HEAP_HEADER_BYTES);
}

static void area_reach(uintptr_t address, const struct link *from)
{
	uint32_t thread = areas_find(address);
	if (thread == AREA_NOBODY)
		return;
	const struct area *area = area_of(thread);
	/* Of glibc's record the address is the handle; glibc's own lists run through other members. */
	if (address < area->handle && !is_own_vector(area, from))
		calls->awake(thread, address, from);
	else if (address == area->handle && area->end != area->handle)
		calls->held(thread);
}

static __attribute__((noinline)) void word_reach(uint64_t word, const struct link *from)
{
	if (!last_region || !region_holds(last_region, word)) {
		struct region *region = region_find(word);
		if (!region) {
			area_reach(word, from);
			return;
		}
		last_region = region;
	}
	/* What is no further than the header of the first block is no pointer of malloc's. */
	if (region_holds(last_region, word - HEAP_HEADER_BYTES))
		block_reach(last_region, word - HEAP_HEADER_BYTES, from);
}

void mark_word(uint64_t word, const struct link *from)
{
	if (is_interesting(word))
		word_reach(word, from);
	if (is_interesting(word & ADDRESS_MASK))
		word_reach(word & ADDRESS_MASK, from);
}

/* --- stretches of memory ---------------------------------------------------------------------------------------- */

static inline uint64_t word_read(const unsigned char *bytes)
{
	uint64_t word;
	memcpy(&word, bytes, sizeof word);
	return word;
}

/* Words of bytes, which stand, or stood, at address from->address. What decides is in registers: this is where the time
 * goes. */
static void words_reach(const unsigned char *bytes, size_t count, const struct link *from)
{
	const uintptr_t low[2] = {above.low, below.low}, span[2] = {above.bytes, below.bytes};
	struct link link = *from;
	for (size_t at = 0; at + sizeof(uint64_t) <= count; at += sizeof(uint64_t)) {
		uint64_t word = word_read(bytes + at);
		if (__builtin_expect(!((word - low[0] < span[0]) | (word - low[1] < span[1])), 1))
			continue;
		link.address = from->address + at;
		word_reach(word, &link);
	}
}

static inline uint64_t unmangled(uint64_t word)
{
	return (word >> MANGLE_BITS | word << (64 - MANGLE_BITS)) ^ guard;
}

/* The same, at every byte, for words in disguise, too. A mangled one stands at a multiple of eight. */
static void disguises_reach(const unsigned char *bytes, size_t count, const struct link *from)
{
	struct link link = *from;
	for (size_t at = 0; at + sizeof(uint64_t) <= count; at++) {
		uint64_t word = word_read(bytes + at);
		uint64_t looks[] = {word & ADDRESS_MASK, (uint32_t)word,
			(from->address + at) % sizeof word ? 0 : unmangled(word)};
		link.address = from->address + at;
		for (size_t i = 0; i < sizeof looks / sizeof *looks; i++)
			if (is_interesting(looks[i]))
				word_reach(looks[i], &link);
	}
}

/* A stretch is looked at in pieces, which overlap by what a word needs more. */
static void piece_reach(const unsigned char *bytes, size_t count, const struct link *from)
{
	if (thorough)
		disguises_reach(bytes, count, from);
	else
		words_reach(bytes, count, from);
}

void mark_memory(uintptr_t start, uintptr_t end, struct link from)
{
	start = (start + 7) & ~(uintptr_t)7;
	while (start < end && !failed) {
		size_t left = end - start, piece = left < CHECK_BYTES ? left : CHECK_BYTES;
		size_t with = left - piece < sizeof(uint64_t) ? left : piece + sizeof(uint64_t) - 1;
		from.address = start;
		piece_reach((const unsigned char *)start, with, &from);
		limits_look(piece);
		start += piece;
	}
}

bool mark_copied(uintptr_t start, uintptr_t end, struct link from)
{
	bool whole = true;
	while (start < end && !failed) {
		size_t piece = end - start < BUFFER_BYTES ? end - start : BUFFER_BYTES;
		long copied = sys_peek(buffer, start, piece);
		from.address = start;
		if (copied > 0)
			piece_reach(buffer, (size_t)copied, &from);
		whole = whole && copied == (long)piece;
		limits_look(piece);
		/* The next begins where a word can begin that reaches over the end of this one. */
		start += start + piece < end ? piece - sizeof(uint64_t) : piece;
	}
	return whole;
}

/* A block's last word is in the header of the next. */
static void block_follow(uintptr_t block)
{
	const struct region *region = region_find(block);
	uintptr_t end = block_end(region, block);
	if (region_holds(region, end))
		end += sizeof(uint64_t);
	mark_memory(block + HEAP_HEADER_BYTES, end, (struct link){.kind = LINK_HEAP});
}

/* Drops what was taken from the queue once that is most of it. */
static void queue_compact(void)
{
	uintptr_t *queue = queue_array.memory;
	if (queue_first < queue_end / 2)
		return;
	memmove(queue, queue + queue_first, (queue_end - queue_first) * sizeof *queue);
	queue_end -= queue_first;
	queue_first = 0;
}

void mark_follow(void)
{
	limits_look(0);
	while (queue_first < queue_end && !failed) {
		const uintptr_t *queue = queue_array.memory;
		if (queue_first + AHEAD < queue_end)
			__builtin_prefetch((const char *)queue[queue_first + AHEAD]);
		block_follow(queue[queue_first++]);
		queue_compact();
	}
}

/* The block that a pointer to address belongs to; false outside of all regions. */
static bool block_find(uintptr_t address, const struct region **region, uintptr_t *block)
{
	*region = region_find(address);
	if (!*region || !region_holds(*region, address - HEAP_HEADER_BYTES))
		return false;
	*block = block_at(*region, address - HEAP_HEADER_BYTES);
	return true;
}

bool mark_source(uintptr_t address, struct link *from)
{
	const struct region *region;
	uintptr_t block;
	if (!source_room || !block_find(address, &region, &block))
		return false;
	const struct source *source = source_place(sources, source_room, block);
	*from = source->from;
	return source->block == block;
}

enum mark_state mark_state(uintptr_t address)
{
	const struct region *region;
	uintptr_t block;
	if (!block_find(address, &region, &block))
		return MARK_NOWHERE;
	if (block_is_free(region, block))
		return MARK_FREED;
	return block_is_marked(region, block) ? MARK_REACHED : MARK_WHITE;
}
