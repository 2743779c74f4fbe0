/*
 * Marking: which words reach which blocks, in the quick look and in the thorough one; by regions made up for it.
 */
#include "preload/areas.h"
#include "preload/blocks.h"
#include "preload/mark.h"
#include "preload/registers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define BLOCK_BYTES 128
#define BLOCKS	    8

static char *memory; /* blocks of BLOCK_BYTES, as a heap would have them */

static void never_awake(uint32_t thread, uintptr_t address, const struct link *from)
{
	(void)thread, (void)address, (void)from;
	fail();
}

static void never_held(uint32_t thread)
{
	(void)thread;
	fail();
}

/* What malloc would have returned for a block. */
static char *pointer_of(unsigned block)
{
	return memory + block * BLOCK_BYTES + 16;
}

static void point(unsigned from, unsigned offset, const void *to)
{
	memcpy(pointer_of(from) + offset, &to, sizeof to);
}

static enum mark_state state_of(unsigned block)
{
	return mark_state((uintptr_t)pointer_of(block));
}

static int begin(void **state)
{
	static const struct mark_calls calls = {never_awake, never_held};
	(void)state;
	memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct region *region =
		region_add((uintptr_t)memory, (uintptr_t)memory + BLOCKS * BLOCK_BYTES);
	for (unsigned i = 0; i < BLOCKS; i++)
		block_add(region, (uintptr_t)memory + i * BLOCK_BYTES);
	block_free(region, (uintptr_t)memory + (BLOCKS - 1) * BLOCK_BYTES);
	regions_sort();
	mark_begin(&calls, UINT64_MAX);
	return 0;
}

static int end(void **state)
{
	(void)state;
	region_drop(region_find((uintptr_t)memory));
	munmap(memory, 4096);
	return 0;
}

static void root(const void *word)
{
	const struct link from = {.kind = LINK_EPOLL, .number = 5};
	mark_word((uintptr_t)word, &from);
	mark_follow();
}

static void nothing_is_reached_by_itself(void **state)
{
	(void)state;
	mark_follow();
	for (unsigned i = 0; i + 1 < BLOCKS; i++)
		assert_int_equal(state_of(i), MARK_WHITE);
	assert_int_equal(state_of(BLOCKS - 1), MARK_FREED);
	assert_int_equal(mark_state((uintptr_t)&memory), MARK_NOWHERE);
}

static void any_word_into_a_block_reaches_all_of_it(void **state)
{
	(void)state;
	root(pointer_of(2) + BLOCK_BYTES - 9);
	assert_int_equal(state_of(2), MARK_REACHED);
	assert_int_equal(state_of(1), MARK_WHITE);
	assert_int_equal(state_of(3), MARK_WHITE);
}

static void what_is_reached_is_followed_and_remembered(void **state)
{
	struct link from;
	(void)state;
	point(0, 24, pointer_of(3));
	point(3, 8, pointer_of(5));
	point(5, 0, pointer_of(0));
	root(pointer_of(0));
	assert_int_equal(state_of(5), MARK_REACHED);
	assert_int_equal(state_of(4), MARK_WHITE);
	assert_true(mark_source((uintptr_t)pointer_of(5), &from));
	assert_int_equal(from.kind, LINK_HEAP);
	assert_int_equal(from.address, (uintptr_t)pointer_of(3) + 8);
	assert_true(mark_source((uintptr_t)pointer_of(0), &from));
	assert_int_equal(from.kind, LINK_EPOLL);
	assert_int_equal(from.number, 5);
	assert_false(mark_source((uintptr_t)pointer_of(4), &from));
}

static void a_freed_block_leads_nowhere(void **state)
{
	(void)state;
	point(BLOCKS - 1, 0, pointer_of(1));
	root(pointer_of(BLOCKS - 1));
	assert_int_equal(state_of(BLOCKS - 1), MARK_FREED);
	assert_int_equal(state_of(1), MARK_WHITE);
}

static void the_last_word_may_be_in_the_next_header(void **state)
{
	(void)state;
	point(0, BLOCK_BYTES - 16, pointer_of(2));
	root(pointer_of(0));
	assert_int_equal(state_of(2), MARK_REACHED);
}

static void what_is_behind_the_last_block_is_not_in_it(void **state)
{
	(void)state;
	root(memory + BLOCKS * BLOCK_BYTES);
	root(memory + 8);
	assert_int_equal(state_of(0), MARK_WHITE);
}

/* A place and a form in which block 1 is kept by block 0; whether the quick look sees it. */
static void disguised_is_seen_in_doubt(uint64_t word, unsigned offset)
{
	memcpy(pointer_of(0) + offset, &word, sizeof word);
	root(pointer_of(0));
	assert_int_equal(state_of(1), MARK_WHITE);
	mark_doubt();
	mark_follow();
	assert_int_equal(state_of(1), MARK_REACHED);
}

static void words_at_any_byte_are_seen_in_doubt(void **state)
{
	(void)state;
	disguised_is_seen_in_doubt((uintptr_t)pointer_of(1), 27);
}

static void tagged_words_are_seen_in_doubt(void **state)
{
	(void)state;
	disguised_is_seen_in_doubt((uintptr_t)pointer_of(1) | (uint64_t)0xfff8 << 48, 16);
}

static void mangled_words_are_seen_in_doubt(void **state)
{
	(void)state;
	uint64_t word = (uintptr_t)pointer_of(1) ^ pointer_guard();
	disguised_is_seen_in_doubt(word << 17 | word >> 47, 16);
}

/* The rbp of a jmp_buf is its second word (glibc's sysdeps/x86_64/jmpbuf-offsets.h), and mangled as above. */
static void words_in_a_jump_buffer_are_mangled_like_that(void **state)
{
	jmp_buf buffer;
	uint64_t words[2];
	(void)state;
	if (setjmp(buffer))
		return;
	memcpy(words, buffer, sizeof words);
	uint64_t bp = (words[1] >> 17 | words[1] << 47) ^ pointer_guard();
	assert_true(bp >> 47 == 0 || bp == 1);
}

static void copied_memory_is_looked_at_alike(void **state)
{
	(void)state;
	void *words[3] = {NULL, pointer_of(4), NULL};
	struct link from = {.kind = LINK_SHARED}, source;
	assert_true(mark_copied((uintptr_t)words, (uintptr_t)(words + 3), from));
	assert_int_equal(state_of(4), MARK_REACHED);
	assert_true(mark_source((uintptr_t)pointer_of(4), &source));
	assert_int_equal(source.address, (uintptr_t)&words[1]);
	assert_false(mark_copied(4096, 8192, from));
}

static void without_time_marking_fails(void **state)
{
	static const struct mark_calls calls = {never_awake, never_held};
	(void)state;
	mark_begin(&calls, 0);
	mark_follow();
	assert_true(mark_failed());
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_reached_by_itself),
		TEST(any_word_into_a_block_reaches_all_of_it),
		TEST(what_is_reached_is_followed_and_remembered),
		TEST(a_freed_block_leads_nowhere),
		TEST(the_last_word_may_be_in_the_next_header),
		TEST(what_is_behind_the_last_block_is_not_in_it),
		TEST(words_at_any_byte_are_seen_in_doubt),
		TEST(tagged_words_are_seen_in_doubt),
		TEST(mangled_words_are_seen_in_doubt),
		TEST(words_in_a_jump_buffer_are_mangled_like_that),
		TEST(copied_memory_is_looked_at_alike),
		TEST(without_time_marking_fails),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
