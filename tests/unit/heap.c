/*
 * The heap of this very process, in which one thread runs: blocks that malloc has given are found, those that it has back
 * are free, and a heap with a wrong header is not believed.
 *
 * Not under the sanitizers: their malloc takes the place of the one whose heap this is about.
 */
#include "preload/blocks.h"
#include "preload/heap.h"
#include "preload/modules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <gnu/libc-version.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct space space;

static void forget(void *last, uintptr_t start, uintptr_t end)
{
	(void)end;
	*(uintptr_t *)last = start;
}

/* Reads the heap anew. Regions go in the reverse of the order of their addresses, which is fine after sorting. */
static void read_heap(void)
{
	struct module_place libc;
	for (uintptr_t last = 0;; last = 0) {
		regions_each(forget, &last);
		if (!last)
			break;
		region_drop(region_find(last));
	}
	modules_init();
	assert_true(module_place_find((uintptr_t)gnu_get_libc_version, &libc));
	assert_true(space_read(&space));
	assert_true(heap_read(&space, libc.start, libc.end));
}

/* An address as a number, of which the compiler does not know what it points to. */
static uintptr_t number_of(void *pointer)
{
	__asm__("" : "+r"(pointer));
	return (uintptr_t)pointer;
}

static size_t *header_of(void *pointer)
{
	return (size_t *)(number_of(pointer) - sizeof(size_t));
}

static const struct region *region_of(uintptr_t pointer)
{
	return region_find(pointer - HEAP_HEADER_BYTES);
}

static uintptr_t block_of(uintptr_t pointer)
{
	return block_at(region_of(pointer), pointer - HEAP_HEADER_BYTES);
}

static bool is_free(uintptr_t pointer)
{
	return block_is_free(region_of(pointer), block_of(pointer));
}

static void assert_used(void *block, size_t bytes)
{
	uintptr_t pointer = number_of(block);
	assert_non_null(region_of(pointer));
	assert_int_equal(block_of(pointer), pointer - HEAP_HEADER_BYTES);
	assert_int_equal(block_of(pointer + bytes - 1), pointer - HEAP_HEADER_BYTES);
	assert_false(is_free(pointer));
}

static void blocks_in_use_are_found_with_all_their_bytes(void **state)
{
	static const size_t sizes[] = {1, 24, 25, 100, 0x280, 4000, 100000, 1 << 20, 5 << 20};
	char *pointers[sizeof sizes / sizeof *sizes];
	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		pointers[i] = malloc(sizes[i]);
	read_heap();
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		assert_used(pointers[i], sizes[i]);
		free(pointers[i]);
	}
}

/* Few: in the thread's cache. More: in fast bins. Large: joined with their neighbours. */
static void freed_blocks_are_free(void **state)
{
	void *small[40], *large = malloc(3000), *fence = malloc(3000);
	uintptr_t numbers[40], large_number = number_of(large);
	(void)state;
	for (int i = 0; i < 40; i++)
		numbers[i] = number_of(small[i] = malloc(40));
	for (int i = 0; i < 40; i += 2)
		free(small[i]);
	free(large);
	read_heap();
	for (int i = 0; i < 40; i++)
		assert_int_equal(is_free(numbers[i]), i % 2 == 0);
	assert_true(is_free(large_number));
	assert_used(fence, 3000);
	for (int i = 1; i < 40; i += 2)
		free(small[i]);
	free(fence);
}

static void *allocate(void *unused)
{
	(void)unused;
	char *pointer = malloc(500);
	/* More than one heap of 64 MiB. */
	for (int i = 0; i < 1000; i++)
		if (!malloc(100000))
			return NULL;
	return pointer;
}

static void heaps_of_other_arenas_are_walked(void **state)
{
	pthread_t thread;
	void *pointer;
	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, allocate, NULL), 0);
	pthread_join(thread, &pointer);
	read_heap();
	assert_used(pointer, 500);
}

static void a_heap_with_a_wrong_header_is_not_believed(void **state)
{
	char *pointer = malloc(200), *next = malloc(200), *mapped = malloc(1 << 20);
	(void)state;
	size_t *size = header_of(next), before = *size;
	for (size_t wrong = 0; wrong < 64; wrong += 16) {
		*size = before + wrong + (wrong ? 0 : 8);
		read_heap();
		assert_null(region_of(number_of(pointer)));
		assert_non_null(region_of(number_of(mapped)));
	}
	*size = before;
	read_heap();
	assert_used(pointer, 200);
	free(pointer);
	free(next);
	free(mapped);
}

/* Memory of the program's own that looks like such a block: then none is believed. */
static void single_blocks_must_be_those_that_are_counted(void **state)
{
	char *mapped = malloc(1 << 20), *decoy = aligned_alloc(4096, 65536);
	(void)state;
	memset(decoy, 0, 65536);
	read_heap();
	assert_used(mapped, 1 << 20);
	size_t *size = header_of(mapped), before = *size;
	*size = 4096 | 2;
	read_heap();
	assert_null(region_of(number_of(mapped)));
	*size = before;
	free(decoy);
	free(mapped);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_in_use_are_found_with_all_their_bytes),
		cmocka_unit_test(freed_blocks_are_free),
		cmocka_unit_test(heaps_of_other_arenas_are_walked),
		cmocka_unit_test(a_heap_with_a_wrong_header_is_not_believed),
		cmocka_unit_test(single_blocks_must_be_those_that_are_counted),
	};
	/* Else it rises with what is freed. */
	mallopt(M_MMAP_THRESHOLD, 1 << 17);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
