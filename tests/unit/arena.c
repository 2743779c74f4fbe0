/*
 * arena.c - private memory: zeroed, aligned, reused by class, accounted for.
 */
#include "preload/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_zeroed(const char *memory, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (memory[i])
			return false;
	return true;
}

static void mappings_are_zeroed_aligned_and_accounted_for(void **state)
{
	(void)state;
	size_t before = arena_bytes();
	char *memory = arena_map(10000);
	assert_non_null(memory);
	assert_int_equal((uintptr_t)memory % 4096, 0);
	assert_true(is_zeroed(memory, 10000));
	assert_int_equal(arena_bytes(), before + 10000);
	memset(memory, 1, 10000);
	arena_unmap(memory, 10000);
	assert_int_equal(arena_bytes(), before);
}

static void a_mapping_that_cannot_be_had_is_null(void **state)
{
	(void)state;
	size_t before = arena_bytes();
	assert_null(arena_map((size_t)1 << 60));
	assert_null(arena_alloc((size_t)1 << 60));
	assert_int_equal(arena_bytes(), before);
}

/* The flags of the mapping that holds memory, as in /proc/self/smaps; overwritten by the next call. */
static const char *flags_of(const void *memory)
{
	static char line[512];
	FILE *file = fopen("/proc/self/smaps", "r");
	bool here = false;
	assert_non_null(file);
	while (fgets(line, sizeof line, file)) {
		unsigned long start, end;
		if (sscanf(line, "%lx-%lx", &start, &end) == 2)
			here = (uintptr_t)memory >= start && (uintptr_t)memory < end;
		else if (here && strncmp(line, "VmFlags:", 8) == 0)
			break;
	}
	fclose(file);
	return line;
}

static void mappings_are_left_out_of_core_dumps(void **state)
{
	(void)state;
	char *memory = arena_map(4096);
	assert_non_null(strstr(flags_of(memory), " dd"));
	arena_unmap(memory, 4096);
}

/* Sizes on both sides of every class's border, the small allocator's upper end among them. */
static void pieces_do_not_overlap(void **state)
{
	(void)state;
	enum { PIECES = 64 };
	unsigned char *pieces[PIECES];
	size_t sizes[PIECES];
	for (unsigned i = 0; i < PIECES; i++) {
		sizes[i] = ((size_t)16 << (i / 3)) + i % 3 - 1;
		pieces[i] = arena_alloc(sizes[i]);
		assert_non_null(pieces[i]);
		assert_int_equal((uintptr_t)pieces[i] % 16, 0);
		memset(pieces[i], (int)i + 1, sizes[i]);
	}
	for (unsigned i = 0; i < PIECES; i++) {
		for (size_t at = 0; at < sizes[i]; at++)
			if (pieces[i][at] != i + 1)
				fail_msg("piece %u of %zu bytes at %zu", i, sizes[i], at);
		arena_free(pieces[i], sizes[i]);
	}
}

static void a_freed_piece_is_reused_for_its_class(void **state)
{
	(void)state;
	char *small = arena_alloc(100), *other = arena_alloc(300);
	arena_free(small, 100);
	arena_free(other, 300);
	assert_ptr_equal(arena_alloc(65), small);
	assert_ptr_equal(arena_alloc(512), other);
	assert_ptr_not_equal(arena_alloc(128), small);
}

static void freeing_makes_the_last_freed_the_next(void **state)
{
	(void)state;
	void *a = arena_alloc(4000), *b = arena_alloc(4000);
	arena_free(a, 4000);
	arena_free(b, 4000);
	assert_ptr_equal(arena_alloc(4000), b);
	assert_ptr_equal(arena_alloc(4000), a);
	arena_free(NULL, 4000);
}

static void steady_use_does_not_grow(void **state)
{
	(void)state;
	size_t grown = 0;
	for (int round = 0; round < 1000; round++) {
		void *pieces[20];
		for (unsigned i = 0; i < 20; i++)
			pieces[i] = arena_alloc((size_t)40 << i % 16);
		for (unsigned i = 0; i < 20; i++)
			arena_free(pieces[i], (size_t)40 << i % 16);
		if (round == 0)
			grown = arena_bytes();
	}
	assert_int_equal(arena_bytes(), grown);
}

static void large_pieces_go_back_to_the_kernel(void **state)
{
	(void)state;
	size_t before = arena_bytes(), bytes = ((size_t)1 << 20) + 1;
	char *large = arena_alloc(bytes);
	assert_true(is_zeroed(large, bytes));
	assert_int_equal(arena_bytes(), before + bytes);
	arena_free(large, bytes);
	assert_int_equal(arena_bytes(), before);
}

static void after_a_fork_pieces_come_from_a_new_chunk(void **state)
{
	(void)state;
	char *before = arena_alloc(64), *freed = arena_alloc(64);
	arena_free(freed, 64);
	arena_forget();
	char *after = arena_alloc(64);
	assert_true(after < before || after >= before + (1 << 20) || after - before > 1 << 16);
	assert_ptr_not_equal(after, freed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mappings_are_zeroed_aligned_and_accounted_for),
		cmocka_unit_test(a_mapping_that_cannot_be_had_is_null),
		cmocka_unit_test(mappings_are_left_out_of_core_dumps),
		cmocka_unit_test(pieces_do_not_overlap),
		cmocka_unit_test(a_freed_piece_is_reused_for_its_class),
		cmocka_unit_test(freeing_makes_the_last_freed_the_next),
		cmocka_unit_test(steady_use_does_not_grow),
		cmocka_unit_test(large_pieces_go_back_to_the_kernel),
		cmocka_unit_test(after_a_fork_pieces_come_from_a_new_chunk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
