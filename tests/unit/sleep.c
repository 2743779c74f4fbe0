/*
 * sleep.c - how long a sleep is to last, from the object of its wait; a bad address is none.
 */
#include "preload/sleep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void numbers_and_places(void **state)
{
	(void)state;
	const struct timespec time = {2, 500000000}, negative = {-1, 0};
	assert_int_equal(sleep_length_ns(sleep_at(&time)), 2500000000);
	assert_int_equal(sleep_length_ns(sleep_at(&negative)), 0);
	assert_int_equal(sleep_length_ns(sleep_of_us(20)), 20000);
	assert_int_equal(sleep_length_ns(sleep_of_us(0)), 0);
}

static void bad_addresses(void **state)
{
	(void)state;
	assert_int_equal(sleep_length_ns(SLEEP_UNKNOWN), 0);
	assert_int_equal(sleep_length_ns(sleep_at(NULL)), 0);
	assert_int_equal(sleep_length_ns(sleep_at((const struct timespec *)8)), 0);
	assert_int_equal(sleep_length_ns(sleep_at((const struct timespec *)0x7fffffffff01)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_and_places),
		cmocka_unit_test(bad_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
