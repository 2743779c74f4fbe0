/*
 * rules.c - the table of rules: what it finds, for whom, and under threads and handlers at once.
 */
#include "preload/rules.h"
#include "preload/registers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static const struct module_place here = {
	.start = 0x1000, .end = 0x900000, .eh_frame_header = 0x800000};
static const struct module_place there = {
	.start = 0x1000, .end = 0x900000, .eh_frame_header = 0x700000};

/* A rule all of whose bytes follow from the pc and the object: a mixture of two would show. */
static struct rule rule_for(uintptr_t pc, const struct module_place *place)
{
	struct rule rule;
	memset(&rule, (int)((pc + place->eh_frame_header / 0x100000) & 0x7f), sizeof(rule));
	rule.signal_frame = rule.cfa_deref = false;
	return rule;
}

static bool rule_is(const struct rule *rule, uintptr_t pc, const struct module_place *place)
{
	struct rule expected = rule_for(pc, place);
	return memcmp(rule, &expected, sizeof(expected)) == 0;
}

static void keep(uintptr_t pc, const struct module_place *place)
{
	struct rule rule = rule_for(pc, place);
	rules_keep(pc, place, &rule);
}

static bool finds(uintptr_t pc, const struct module_place *place)
{
	struct rule rule;
	bool found = rules_find(pc, place, &rule);
	assert_true(!found || rule_is(&rule, pc, place));
	return found;
}

/* Runs first. */
static void test_without_a_table(void **state)
{
	(void)state;
	keep(0x1234, &here);
	assert_false(finds(0x1234, &here));
	rules_forget(0, UINTPTR_MAX);
	rules_init();
}

static void test_identity(void **state)
{
	(void)state;
	struct module_place longer = here;
	longer.end++;
	assert_false(finds(0x1234, &here));
	keep(0x1234, &here);
	assert_true(finds(0x1234, &here));
	assert_false(finds(0x1235, &here));
	assert_false(finds(0x1234, &there));
	assert_false(finds(0x1234, &longer));
	keep(0x1234, &there);
	assert_true(finds(0x1234, &there));
	assert_false(finds(0x1234, &here));
}

static void test_forget(void **state)
{
	(void)state;
	keep(0x2000, &here);
	keep(0x2fff, &here);
	keep(0x3000, &here);
	rules_forget(0x2000, 0x3000);
	assert_false(finds(0x2000, &here));
	assert_false(finds(0x2fff, &here));
	assert_true(finds(0x3000, &here));
}

/* Most of a few hundred rules stay, and the last one kept is always found. */
static void test_room(void **state)
{
	(void)state;
	unsigned stayed = 0;
	rules_forget(0, UINTPTR_MAX);
	for (uintptr_t pc = 0x4000; pc < 0x4000 + 1000 * 7; pc += 7)
		keep(pc, &here);
	for (uintptr_t pc = 0x4000; pc < 0x4000 + 1000 * 7; pc += 7)
		stayed += finds(pc, &here);
	assert_true(stayed > 950);
	for (uintptr_t pc = 0x10000; pc < 0x10000 + 100000; pc++) {
		keep(pc, &here);
		assert_true(finds(pc, &here));
	}
}

static _Atomic unsigned long hits, torn;

/* Addresses few enough that threads meet at them. */
static void *hammer(void *argument)
{
	uint64_t seed = (uintptr_t)argument * 2 + 1;
	for (unsigned i = 0; i < 300000; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		const struct module_place *place = seed >> 63 ? &here : &there;
		uintptr_t pc = 0x5000 + (seed >> 40) % 16;
		struct rule rule;
		if ((seed >> 36) % 4 == 0)
			keep(pc, place);
		else if (rules_find(pc, place, &rule))
			atomic_fetch_add(rule_is(&rule, pc, place) ? &hits : &torn, 1);
	}
	return NULL;
}

static void test_many_threads(void **state)
{
	(void)state;
	pthread_t threads[4];
	for (uintptr_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hammer, (void *)i), 0);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_true(hits > 10000);
	assert_int_equal(torn, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_a_table),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_forget),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_many_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
