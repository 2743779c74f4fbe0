/*
 * group.c - which threads are one group, and that a group is recognised at other addresses.
 */
#include "analyzer/change.h"
#include "analyzer/group.h"
#include "analyzer/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A dump of three groups whose one module lies at base; the first two have one stack. */
static struct dump *dump_at(unsigned long base, const char *build_id)
{
	char text[4096];
	struct dump *dump;
	struct complaint complaint;
	snprintf(text, sizeof(text),
		"# leakwatch dump 1\n"
		"# process pid=1 start_ticks=2\n"
		"thread profile: total 6\n"
		"2 @ 0x%lx 0x%lx\n"
		"# group=1 count=2 wait=read timed=0 source=slot guessed=- partial=0\n"
		"2 @ 0x%lx 0x%lx\n"
		"# group=2 count=2 wait=read timed=1 source=proc guessed=1 partial=1\n"
		"2 @ 0x%lx 0x%lx\n"
		"# group=3 count=2 wait=write timed=0 source=slot guessed=- partial=0\n"
		"--- leakwatch threads ---\n"
		"columns tid group since_ns object\n"
		"1 1 30 fd:1\n2 1 20 fd:2\n3 2 40 fd:1\n4 2 - -\n5 3 - -\n6 3 - -\n"
		"\n"
		"--- leakwatch modules ---\n"
		"columns start end bias build_id path\n"
		"0x%lx 0x%lx 0x%lx %s /bin/x\n"
		"\n"
		"# leakwatch end lines=23\n",
		base + 0x10, base + 0x20, base + 0x10, base + 0x20, base + 0x10, base + 0x20, base,
		base + 0x1000, base, build_id);
	if (reader_read("sample", text, strlen(text), &dump, &complaint))
		fail_msg("%s", complaint.words);
	return dump;
}

static void test_one_stack_one_wait_is_one_group(void **state)
{
	(void)state;
	struct dump *dump = dump_at(0x10000, "aa");
	struct groups *groups = groups_of_dump(dump, dump->pool);
	assert_int_equal(groups->count, 2);
	assert_string_equal(groups->list[0]->wait, "read");
	assert_int_equal(groups->list[0]->count, 4);
	assert_int_equal(groups->list[0]->thread_count, 4);
	assert_string_equal(groups->list[1]->wait, "write");
	groups_free(groups);
	dump_free(dump);
}

static void test_what_differs_is_not_known(void **state)
{
	(void)state;
	struct dump *dump = dump_at(0x10000, "aa");
	struct groups *groups = groups_of_dump(dump, dump->pool);
	const struct group *read = groups->list[0], *write = groups->list[1];
	assert_false(read->timed.known);
	assert_null(read->source);
	assert_true(read->guessed.known);
	assert_int_equal(read->partial.value, 1);
	assert_int_equal(read->objects.value, 2);
	assert_int_equal(read->oldest_ns.value, 40);
	assert_int_equal(read->newest_ns.value, 20);
	assert_false(write->objects.known);
	assert_false(write->oldest_ns.known);
	assert_string_equal(write->source, "slot");
	groups_free(groups);
	dump_free(dump);
}

static void test_found_at_other_addresses(void **state)
{
	(void)state;
	struct dump *one = dump_at(0x10000, "aa"), *other = dump_at(0x7f0000, "aa");
	struct groups *here = groups_of_dump(one, one->pool);
	struct change change = {other, groups_of_dump(other, other->pool)};
	size_t gone;
	for (size_t i = 0; i < here->count; i++) {
		const struct group *there = groups_find(change.groups, here->list[i]);
		assert_non_null(there);
		assert_int_equal(there->fingerprint, here->list[i]->fingerprint);
	}
	assert_int_equal(change_count_then(&change, here->list[0]), 4);
	change_gone(&change, here, one->pool, &gone);
	assert_int_equal(gone, 0);
	groups_free(here);
	groups_free(change.groups);
	dump_free(one);
	dump_free(other);
}

static void test_another_build_is_another_group(void **state)
{
	(void)state;
	struct dump *one = dump_at(0x10000, "aa"), *other = dump_at(0x10000, "ab");
	struct groups *here = groups_of_dump(one, one->pool);
	struct change change = {other, groups_of_dump(other, other->pool)};
	size_t gone;
	assert_null(groups_find(change.groups, here->list[0]));
	assert_int_not_equal(here->list[0]->fingerprint, change.groups->list[0]->fingerprint);
	assert_int_equal(change_count_then(&change, here->list[0]), 0);
	change_gone(&change, here, one->pool, &gone);
	assert_int_equal(gone, 2);
	groups_free(here);
	groups_free(change.groups);
	dump_free(one);
	dump_free(other);
}

/* Kept by those who count groups over restarts and hosts: it may never change. */
static void test_fingerprint_is_fixed(void **state)
{
	(void)state;
	struct dump *dump = dump_at(0x10000, "aa");
	struct groups *groups = groups_of_dump(dump, dump->pool);
	assert_true(groups->list[0]->fingerprint == 0x1d1807e91f6e4ec9u);
	groups_free(groups);
	dump_free(dump);
}

static void test_same_process(void **state)
{
	(void)state;
	const struct dump one = {.pid = {1, true}, .start_ticks = {2, true}, .comm = "one"};
	struct dump other = one;
	assert_true(change_same_process(&one, &other));
	other.comm = "two"; /* after an exec */
	assert_false(change_same_process(&one, &other));
	other = one;
	other.start_ticks.value = 3;
	assert_false(change_same_process(&one, &other));
	other = (struct dump){0};
	assert_false(change_same_process(&other, &other));
}

static void test_signs(void **state)
{
	(void)state;
	struct pool *pool = pool_new();
	assert_string_equal(change_sign(pool, 5, 3), "+2");
	assert_string_equal(change_sign(pool, 3, 5), "-2");
	assert_string_equal(change_sign(pool, 3, 3), "+0");
	pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_stack_one_wait_is_one_group),
		cmocka_unit_test(test_what_differs_is_not_known),
		cmocka_unit_test(test_found_at_other_addresses),
		cmocka_unit_test(test_another_build_is_another_group),
		cmocka_unit_test(test_fingerprint_is_fixed),
		cmocka_unit_test(test_same_process),
		cmocka_unit_test(test_signs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
