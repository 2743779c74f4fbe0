/*
 * The address space of this very process: what was mapped here is found, with what it is and what it holds.
 */
#include "preload/space.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <sys/mman.h>

#define PAGE_BYTES 4096
#define LARGE	   ((size_t)64 << 20)

static struct space space;

static char *map(size_t bytes, int protection, int flags)
{
	char *memory = mmap(NULL, bytes, protection, flags | MAP_ANONYMOUS, -1, 0);
	assert_true(memory != MAP_FAILED);
	return memory;
}

static const struct range *look(const void *address)
{
	assert_true(space_read(&space));
	return space_find(&space, (uintptr_t)address);
}

static void ranges_are_what_they_are(void **state)
{
	(void)state;
	char *private = map(PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	char *shared = map(PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED);
	static char data = 1;
	int local = 0;
	assert_int_equal(look(private)->kind, RANGE_ANONYMOUS);
	assert_int_equal(look(shared)->kind, RANGE_SHARED_MEMORY);
	assert_int_equal(look(&local)->kind, RANGE_STACK);
	assert_int_equal(look(&data)->kind, RANGE_FILE);
	assert_true(look(&data)->writable);
	assert_true(look((void *)(uintptr_t)ranges_are_what_they_are)->executable);
	munmap(private, PAGE_BYTES);
	munmap(shared, PAGE_BYTES);
}

static void what_was_written_is_counted(void **state)
{
	(void)state;
	char *memory = map(4 * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	/* So that the kernel joins it with nothing. */
	madvise(memory, 4 * PAGE_BYTES, MADV_WIPEONFORK);
	assert_int_equal(look(memory)->own_bytes, 0);
	assert_true(look(memory)->wiped);
	memory[PAGE_BYTES] = 1;
	assert_int_equal(look(memory)->own_bytes, PAGE_BYTES);
	mprotect(memory, 4 * PAGE_BYTES, PROT_NONE);
	assert_false(look(memory)->readable);
	assert_int_equal(look(memory)->own_bytes, PAGE_BYTES);
	munmap(memory, 4 * PAGE_BYTES);
	assert_null(look(memory));
}

static void all_bytes_are_counted(void **state)
{
	(void)state;
	uint64_t before = space_bytes();
	char *memory = map(LARGE, PROT_NONE, MAP_PRIVATE);
	assert_int_equal(space_bytes(), before + LARGE);
	munmap(memory, LARGE);
}

/* --- touched pages -------------------------------------------------------------------------------------- */

static struct {
	uintptr_t start, end;
} parts[8];
static unsigned part_count;

static bool part_note(void *context, uintptr_t start, uintptr_t end)
{
	assert_true(part_count < 8);
	parts[part_count].start = start;
	parts[part_count++].end = end;
	return !context;
}

static void touched_pages_are_told_in_runs(void **state)
{
	(void)state;
	char *memory = map(LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE);
	madvise(memory, LARGE, MADV_NOHUGEPAGE);
	memory[PAGE_BYTES] = memory[2 * PAGE_BYTES] = memory[LARGE / 2] = memory[LARGE - 1] = 1;
	part_count = 0;
	assert_true(space_touched(
		(uintptr_t)memory + PAGE_BYTES + 8, (uintptr_t)memory + LARGE, part_note, NULL));
	assert_int_equal(part_count, 3);
	assert_int_equal(parts[0].start, (uintptr_t)memory + PAGE_BYTES + 8);
	assert_int_equal(parts[0].end, (uintptr_t)memory + 3 * PAGE_BYTES);
	assert_int_equal(parts[1].start, (uintptr_t)memory + LARGE / 2);
	assert_int_equal(parts[2].end, (uintptr_t)memory + LARGE);
	part_count = 0;
	assert_false(
		space_touched((uintptr_t)memory, (uintptr_t)memory + LARGE, part_note, &space));
	assert_int_equal(part_count, 1);
	munmap(memory, LARGE);
}

static void of_little_every_page_counts(void **state)
{
	(void)state;
	char *memory = map(4 * PAGE_BYTES, PROT_READ, MAP_PRIVATE);
	part_count = 0;
	assert_true(space_touched(
		(uintptr_t)memory, (uintptr_t)memory + 4 * PAGE_BYTES, part_note, NULL));
	assert_int_equal(part_count, 1);
	assert_int_equal(parts[0].end - parts[0].start, 4 * PAGE_BYTES);
	munmap(memory, 4 * PAGE_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_what_they_are),
		cmocka_unit_test(what_was_written_is_counted),
		cmocka_unit_test(all_bytes_are_counted),
		cmocka_unit_test(touched_pages_are_told_in_runs),
		cmocka_unit_test(of_little_every_page_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
