/*
 * areas.c - finds stacks by the record at their end, which holds its own address twice (the ABI's thread pointer, and
 * glibc's own) and the kernel's id of its thread.
 *
 * Guarantee: a stack counts as nobody's only if its record says that its thread has ended and no thread has its stack
 * pointer or its handle in it. Other memory, and stacks of another shape, are left for the caller to distrust.
 */
#include "preload/areas.h"
#include "preload/array.h"
#include "preload/threads.h"

#include <string.h>

#define RECORD_ALIGNMENT 64
#define RED_ZONE_BYTES	 128 /* below sp, a leaf function's own by the ABI */
#define PAGE_BYTES	 4096

struct stack_end {
	uintptr_t start, handle, end;
	int tid; /* 0: its thread has ended; -1: and was joined */
	bool claimed; /* a thread is in it, whatever the record says */
};

struct entry {
	uintptr_t low, end;
	uint32_t thread;
};

static const struct space *space;
static struct array areas_array, ends_array, entries_array;
static size_t end_count, entry_count;
static uint32_t record_bytes, tid_at;

static struct stack_end *stack_end_at(size_t index)
{
	return (struct stack_end *)ends_array.memory + index;
}

/* Whether glibc's record of a thread lies at address, all of it in range. */
static bool is_record(const struct range *range, uintptr_t address)
{
	if (!range || address < range->start || address % 16 || address + record_bytes > range->end)
		return false;
	const uintptr_t *record = (const uintptr_t *)address;
	return record[0] == address && record[2] == address;
}

static int record_tid(uintptr_t record)
{
	return *(const int *)(record + tid_at);
}

/* Where the stack begins that glibc made for the thread of this record: behind its guard. Found in the record by what
 * must stand there, as stackblock, stackblock_size and guardsize have no names. 0 if nothing fits. */
static uintptr_t record_stack(uintptr_t record)
{
	const uintptr_t *words = (const uintptr_t *)record, end = record + record_bytes;
	for (size_t i = 0; i + 2 < record_bytes / sizeof *words; i++) {
		uintptr_t block = words[i], bytes = words[i + 1], guard = words[i + 2];
		if (block && block < record && (block | bytes | guard) % PAGE_BYTES == 0 &&
			guard < bytes && block + bytes >= end && block + bytes < end + PAGE_BYTES)
			return block + guard;
	}
	return 0;
}

static bool is_plain(const struct range *range)
{
	return range && range->readable && range->writable && !range->huge && !range->wiped &&
	       (range->kind == RANGE_ANONYMOUS || range->kind == RANGE_STACK) && range->own_bytes;
}

/* --- stacks by their mappings ------------------------------------------------------------------------------ */

static bool ends_read(void)
{
	end_count = 0;
	for (size_t i = 0; i < space->count; i++) {
		const struct range *range = &space->list[i];
		uintptr_t record = (range->end - record_bytes) & ~(uintptr_t)(RECORD_ALIGNMENT - 1);
		if (range->kind != RANGE_ANONYMOUS || !is_plain(range) || !is_record(range, record))
			continue;
		uintptr_t start = record_stack(record);
		if (!start || start >= record)
			continue;
		if (!array_room(&ends_array, end_count + 1, sizeof(struct stack_end)))
			return false;
		*stack_end_at(end_count++) =
			(struct stack_end){start > range->start ? start : range->start, record,
				record + record_bytes, record_tid(record), false};
	}
	return true;
}

/* The stack that holds address; by address, as the mappings were. */
static struct stack_end *end_find(uintptr_t address)
{
	size_t low = 0, high = end_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (stack_end_at(middle)->end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < end_count && stack_end_at(low)->start <= address ? stack_end_at(low) : NULL;
}

static void end_claim(uintptr_t address)
{
	struct stack_end *end = end_find(address);
	if (end)
		end->claimed = true;
}

/* --- the area of a thread ----------------------------------------------------------------------------------- */

/* Where its stack pointer is: what the kernel says, or the wrapper's record. Unknown of one that runs. */
static uintptr_t sp_of(const struct still *still)
{
	return still->state == STILL_RAN ? 0 : still->sp;
}

/* The main thread's: its record lies elsewhere. */
static struct area area_main(const struct range *range, uintptr_t sp)
{
	return (struct area){range->start, sp - RED_ZONE_BYTES, range->end, range->end};
}

/* By the thread's own record, wherever its stack was taken from. */
static struct area area_by_record(const struct still *still, uintptr_t handle)
{
	const struct range *range = space_find(space, handle);
	struct area area = {0};
	if (!is_plain(range) || !is_record(range, handle) || record_tid(handle) != still->tid)
		return area;
	uint64_t bytes = still->slot ? still->slot->stack_bytes : 0;
	uintptr_t start = record_stack(handle);
	/* A stack of the program's own: its lowest page is left to the rest of that memory. */
	if (!start && bytes > 2 * PAGE_BYTES)
		start = handle + record_bytes - (bytes - PAGE_BYTES);
	if (!start || start >= handle)
		return area;
	area.start = start > range->start ? start : range->start;
	area.handle = handle;
	area.end = handle + record_bytes;
	return area;
}

/* One of ours: whatever it does, none of it is the host's. */
static struct area area_ours(const struct still *still)
{
	for (size_t i = 0; i < end_count; i++) {
		const struct stack_end *end = stack_end_at(i);
		if (end->tid == still->tid)
			return (struct area){end->start, end->start, end->handle, end->end};
	}
	return (struct area){0};
}

static struct area area_make(const struct still *still)
{
	if (still->ours)
		return area_ours(still);
	uintptr_t sp = sp_of(still), handle = still->slot ? still->slot->pthread : 0;
	const struct range *range = sp ? space_find(space, sp) : NULL;
	if (range && range->kind == RANGE_STACK && is_plain(range))
		return area_main(range, sp);
	const struct stack_end *end = sp ? end_find(sp) : NULL;
	if (!handle && end && end->tid == still->tid)
		handle = end->handle;
	struct area area = handle ? area_by_record(still, handle) : (struct area){0};
	/* One that runs uses any part; one that is elsewhere (a handler's stack, a coroutine's) is not understood. */
	area.low = still->state == STILL_RAN ? area.start : sp - RED_ZONE_BYTES;
	if (area.low < area.start || area.low >= area.handle)
		return (struct area){0};
	return area;
}

bool areas_read(const struct space *whole, const struct stills *stills)
{
	space = whole;
	entry_count = 0;
	if (!threads_record(&record_bytes, &tid_at) || !ends_read() ||
		!array_room(&areas_array, stills->count, sizeof(struct area)))
		return false;
	struct area *areas = areas_array.memory;
	for (size_t i = 0; i < stills->count; i++) {
		const struct still *still = &stills->list[i];
		areas[i] = area_make(still);
		end_claim(still->sp);
		if (still->slot) {
			end_claim(still->slot->pthread);
			end_claim(still->slot->stack_high);
		}
	}
	return true;
}

const struct area *area_of(uint32_t thread)
{
	return (const struct area *)areas_array.memory + thread;
}

void areas_each_ended(void (*note)(void *context, uintptr_t start, uintptr_t end), void *context)
{
	for (size_t i = 0; i < end_count; i++)
		if (stack_end_at(i)->tid <= 0 && !stack_end_at(i)->claimed)
			note(context, stack_end_at(i)->start, stack_end_at(i)->handle);
}

/* --- by address --------------------------------------------------------------------------------------------- */

static struct entry *entry_at(size_t index)
{
	return (struct entry *)entries_array.memory + index;
}

bool area_enter(uint32_t thread)
{
	const struct area *area = area_of(thread);
	if (!array_room(&entries_array, entry_count + 1, sizeof(struct entry)))
		return false;
	*entry_at(entry_count++) = (struct entry){area->low, area->end, thread};
	return true;
}

/* Shell sort: libc's qsort() allocates. */
void areas_sort(void)
{
	for (size_t gap = entry_count / 2; gap; gap /= 2)
		for (size_t i = gap; i < entry_count; i++) {
			struct entry moved = *entry_at(i);
			size_t at = i;
			for (; at >= gap && entry_at(at - gap)->low > moved.low; at -= gap)
				*entry_at(at) = *entry_at(at - gap);
			*entry_at(at) = moved;
		}
}

uint32_t areas_find(uintptr_t address)
{
	size_t low = 0, high = entry_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (entry_at(middle)->end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < entry_count && entry_at(low)->low <= address ? entry_at(low)->thread
								  : AREA_NOBODY;
}

void areas_each(void (*note)(void *context, uintptr_t start, uintptr_t end), void *context)
{
	for (size_t i = 0; i < entry_count; i++)
		note(context, entry_at(i)->low, entry_at(i)->end);
}
