/*
 * thresholds.c - numbers by name, in their units, and what is refused.
 */
#include "analyzer/thresholds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static void test_the_defaults_in_their_units(void **state)
{
	(void)state;
	assert_int_equal(thresholds_default.grace_ns, 60000000000);
	assert_int_equal(thresholds_default.growing_least, 5);
}

static void test_several_are_set(void **state)
{
	(void)state;
	struct thresholds thresholds = thresholds_default;
	struct complaint complaint;
	assert_int_equal(thresholds_set(&thresholds, "grace=2,growing-intervals=7", &complaint), 0);
	assert_int_equal(thresholds.grace_ns, 2000000000);
	assert_int_equal(thresholds.growing_intervals, 7);
	assert_int_equal(thresholds.growing_least, 5);
	assert_int_equal(thresholds_set(&thresholds, "", &complaint), 0);
}

static void test_what_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"grow=1", "growing", "growing=", "growing=x",
		"growing=-1", "grace=1.5", "growing=1,,grace=2", "grace=99999999999", "=1"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct thresholds thresholds = thresholds_default;
		struct complaint complaint;
		assert_int_equal(thresholds_set(&thresholds, bad[i], &complaint), -1);
		assert_non_null(strstr(complaint.words, "threshold "));
	}
}

static void test_the_environment(void **state)
{
	(void)state;
	struct thresholds thresholds;
	struct complaint complaint;
	setenv("LEAKWATCH_THRESHOLDS", "never-woken-burst=9", 1);
	assert_int_equal(thresholds_get(&thresholds, &complaint), 0);
	assert_int_equal(thresholds.never_woken_burst, 9);
	setenv("LEAKWATCH_THRESHOLDS", "never_woken_burst=9", 1);
	assert_int_equal(thresholds_get(&thresholds, &complaint), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_defaults_in_their_units),
		cmocka_unit_test(test_several_are_set),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_the_environment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
