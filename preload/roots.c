/*
 * roots.c - goes through the address space once, and leaves out what is understood.
 *
 * Guarantee: every byte that the process can read, or could after a change of protection, is a root, a part of what
 * is understood (a block, a stack), or counted in the reasons. Pages that were never touched are passed over.
 */
#include "preload/roots.h"
#include "preload/areas.h"
#include "preload/arena.h"
#include "preload/array.h"
#include "preload/blocks.h"
#include "preload/heap.h"
#include "preload/mark.h"
#include "preload/sys.h"

#include <string.h>

#define REASON_BIT(reason) (1u << REASON_##reason)
#define PAGE_BYTES	   ((uintptr_t)4096)
#define WINDOW_PAGES	   4096u

static const struct proof_task *task;
static const struct space *space;
static struct array extents_array; /* what is understood, by address, joined where it touches */
static size_t extent_count;
static uint32_t reasons;

static struct extent *extent_at(size_t index)
{
	return (struct extent *)extents_array.memory + index;
}

/* --- what is understood ------------------------------------------------------------------------------------------ */

static void extent_add(void *whole, uintptr_t start, uintptr_t end)
{
	if (start >= end)
		return;
	if (!array_room(&extents_array, extent_count + 1, sizeof(struct extent))) {
		*(bool *)whole = false;
		return;
	}
	*extent_at(extent_count++) = (struct extent){start, end};
}

/* Shell sort: libc's qsort() allocates. */
static void extents_sort(void)
{
	for (size_t gap = extent_count / 2; gap; gap /= 2)
		for (size_t i = gap; i < extent_count; i++) {
			struct extent moved = *extent_at(i);
			size_t at = i;
			for (; at >= gap && extent_at(at - gap)->start > moved.start; at -= gap)
				*extent_at(at) = *extent_at(at - gap);
			*extent_at(at) = moved;
		}
}

static void extents_join(void)
{
	size_t kept = 0;
	for (size_t i = 0; i < extent_count; i++) {
		struct extent *last = kept ? extent_at(kept - 1) : NULL;
		const struct extent *next = extent_at(i);
		if (last && next->start <= last->end)
			last->end = next->end > last->end ? next->end : last->end;
		else
			*extent_at(kept++) = *next;
	}
	extent_count = kept;
}

bool roots_begin(const struct proof_task *given, const struct space *whole)
{
	bool complete = true;
	task = given;
	space = whole;
	extent_count = 0;
	regions_each(extent_add, &complete);
	heap_each_record(extent_add, &complete);
	for (uint32_t i = 0; i < task->stills->count; i++)
		if (area_of(i)->handle)
			extent_add(&complete, area_of(i)->start, area_of(i)->end);
	areas_each_ended(extent_add, &complete);
	arena_each(extent_add, &complete);
	extent_add(&complete, task->own.start, task->own.end);
	extent_add(&complete, (uintptr_t)task->proof, (uintptr_t)task->proof + task->proof_bytes);
	extents_sort();
	extents_join();
	return complete;
}

/* The first of them that ends behind address. */
static size_t extent_after(uintptr_t address)
{
	size_t low = 0, high = extent_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (extent_at(middle)->end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Calls look for each part of [start, end) that is not understood. */
static void rest_each(uintptr_t start, uintptr_t end, struct link from,
	void (*look)(uintptr_t start, uintptr_t end, struct link from))
{
	for (size_t i = extent_after(start); start < end; i++) {
		const struct extent *next = i < extent_count ? extent_at(i) : NULL;
		uintptr_t stop = next && next->start < end ? next->start : end;
		if (start < stop)
			look(start, stop, from);
		if (stop == end)
			return;
		start = next->end;
	}
}

/* --- private memory ---------------------------------------------------------------------------------------------- */

static void copied_mark(uintptr_t start, uintptr_t end, struct link from)
{
	if (!mark_copied(start, end, from))
		reasons |= REASON_BIT(UNREADABLE);
}

static bool touched_note(void *from, uintptr_t start, uintptr_t end)
{
	mark_memory(start, end, *(const struct link *)from);
	return !mark_failed();
}

static void touched_mark(uintptr_t start, uintptr_t end, struct link from)
{
	space_touched(start, end, touched_note, &from);
}

/* What may not be read now may be later. In this copy of the process it may at once. */
static bool is_opened(const struct range *range)
{
	return range->readable || sys_call3(SYS_mprotect, (long)range->start,
					  (long)(range->end - range->start), PROT_READ) == 0;
}

static void private_mark(const struct range *range)
{
	struct link from = {.kind = LINK_ANONYMOUS};
	if (range->wiped) {
		reasons |= REASON_BIT(WITHHELD);
		return;
	}
	if (!range->huge && !range->own_bytes && !range->swapped_bytes)
		return;
	if (!is_opened(range))
		reasons |= REASON_BIT(UNREADABLE);
	else
		/* A file may have become shorter, and a huge page missing: reading either faults. */
		rest_each(range->start, range->end, from,
			range->huge || range->kind == RANGE_FILE ? copied_mark : touched_mark);
}

/* --- shared memory ------------------------------------------------------------------------------------------------ */

static void resident_mark(uintptr_t start, uintptr_t end, struct link from)
{
	static unsigned char pages[WINDOW_PAGES];
	for (uintptr_t at = start & ~(PAGE_BYTES - 1); at < end && !mark_failed();) {
		size_t count = (end - at + PAGE_BYTES - 1) / PAGE_BYTES;
		count = count < WINDOW_PAGES ? count : WINDOW_PAGES;
		if (sys_call3(SYS_mincore, (long)at, (long)(count * PAGE_BYTES), (long)pages) < 0) {
			reasons |= REASON_BIT(SHARED);
			return;
		}
		for (size_t i = 0; i < count; i++, at += PAGE_BYTES) {
			uintptr_t first = at > start ? at : start,
				  last = at + PAGE_BYTES < end ? at + PAGE_BYTES : end;
			if (!(pages[i] & 1))
				continue;
			if (!mark_copied(first, last, from))
				reasons |= REASON_BIT(SHARED);
		}
	}
}

/* Reading what is not there would make it be there, for all who share it. Of memory that was never written nothing is
 * missed; what was written to a disk, or swapped, is. */
static void shared_mark(const struct range *range)
{
	if (!range->writable && range->kind == RANGE_SHARED_FILE)
		return;
	if (range->kind == RANGE_SHARED_FILE || range->swapped_bytes || !is_opened(range))
		reasons |= REASON_BIT(SHARED);
	rest_each(range->start, range->end, (struct link){.kind = LINK_SHARED}, resident_mark);
}

static void range_mark(const struct range *range)
{
	if (range->asynchronous)
		reasons |= REASON_BIT(URING);
	switch (range->kind) {
	case RANGE_ANONYMOUS:
	case RANGE_BREAK:
	case RANGE_STACK:
	case RANGE_FILE:
		private_mark(range);
		return;
	case RANGE_SHARED_MEMORY:
	case RANGE_SHARED_FILE:
		shared_mark(range);
		return;
	case RANGE_DEVICE:
		reasons |= REASON_BIT(SHARED);
		return;
	case RANGE_KERNEL:
		return;
	}
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

static void held_mark(const struct held *held)
{
	static const uint32_t kinds[] = {[HELD_EPOLL] = LINK_EPOLL,
		[HELD_EVENTFD] = LINK_EVENTFD,
		[HELD_TIMER] = LINK_TIMER};
	struct link from = {.kind = kinds[held->kind], .number = held->number};
	mark_word(held->value, &from);
}

uint32_t roots_mark(void)
{
	reasons = task->helds->reasons;
	for (size_t i = 0; i < space->count && !mark_failed(); i++)
		range_mark(&space->list[i]);
	for (size_t i = 0; i < task->helds->count; i++)
		held_mark(&task->helds->list[i]);
	return reasons;
}

/* --- threads ------------------------------------------------------------------------------------------------------ */

/* Between stack and thread-local storage: where the thread began. */
static uintptr_t local_start(uint32_t thread)
{
	const struct area *area = area_of(thread);
	const struct slot *slot = task->stills->list[thread].slot;
	uintptr_t start = slot ? slot->stack_high : 0;
	return start >= area->low && start < area->handle ? start : area->handle;
}

void roots_local(uint32_t thread)
{
	const struct area *area = area_of(thread);
	struct link from = {.kind = LINK_LOCAL, .number = thread};
	if (area->handle)
		mark_memory(local_start(thread), area->end, from);
}

void roots_thread(uint32_t thread)
{
	const struct still *still = &task->stills->list[thread];
	const struct registers *registers = &still->wait.registers;
	const uint64_t words[] = {registers->bp, registers->bx, registers->r12, registers->r13,
		registers->r14, registers->r15, still->wait.object, still->sp};
	struct link from = {.kind = LINK_STACK, .number = thread};
	if (area_of(thread)->handle)
		mark_memory(area_of(thread)->low, local_start(thread), from);
	roots_local(thread);
	from.kind = LINK_REGISTERS;
	for (size_t i = 0; still->word && i < sizeof words / sizeof *words; i++)
		mark_word(words[i], &from);
	mark_word(still->sp, &from);
	for (size_t i = 0;
		still->call >= 0 && i < sizeof still->arguments / sizeof *still->arguments; i++)
		mark_word(still->arguments[i], &from);
}

/* --- names -------------------------------------------------------------------------------------------------------- */

static bool is_in(const struct extent *extent, uintptr_t address)
{
	return address >= extent->start && address < extent->end;
}

bool roots_name(const char *const *names, unsigned count)
{
	for (size_t i = 0; i < space->count; i++) {
		const struct range *range = &space->list[i];
		if (range->kind != RANGE_FILE || !range->readable ||
			is_in(&task->libc, range->start) || is_in(&task->loader, range->start) ||
			is_in(&task->own, range->start))
			continue;
		for (unsigned name = 0; name < count; name++)
			if (memmem((void *)range->start, range->end - range->start, names[name],
				    strlen(names[name])))
				return true;
	}
	return false;
}
