/*
 * fdwakers.c - who wrote to a descriptor, from its creation on; nothing is said of others.
 */
#include "preload/fdwakers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static int forget(void **state)
{
	(void)state;
	fdwakers_forget();
	return 0;
}

static void nothing_is_known_of_what_was_not_seen(void **state)
{
	(void)state;
	struct waking waking;
	fdwaker_note(7, 1);
	fdwaker_note(-1, 1);
	fdwaker_note(FDWAKERS, 1);
	fdwaker_begin(-1);
	fdwaker_begin(FDWAKERS);
	assert_int_equal(fdwaker_find(7, &waking), WAKING_LOST);
	assert_int_equal(fdwaker_find(FDWAKERS, &waking), WAKING_LOST);
}

static void writes_are_counted_from_the_creation_on(void **state)
{
	(void)state;
	struct waking waking;
	fdwaker_begin(7);
	assert_int_equal(fdwaker_find(7, &waking), WAKING_NEVER);
	fdwaker_note(7, 0x1111);
	fdwaker_note(7, 0x2222);
	assert_int_equal(fdwaker_find(7, &waking), WAKING_NOTED);
	assert_int_equal(waking.count, 2);
	assert_int_equal(waking.place, 0x2222);
	fdwaker_begin(7);
	assert_int_equal(fdwaker_find(7, &waking), WAKING_NEVER);
}

static void a_copy_is_as_known_as_the_first(void **state)
{
	(void)state;
	struct waking waking;
	fdwaker_begin(7);
	fdwaker_note(7, 0x1111);
	fdwaker_copied(7, 8);
	assert_int_equal(fdwaker_find(8, &waking), WAKING_NEVER);
	fdwaker_copied(7, 7);
	assert_int_equal(fdwaker_find(7, &waking), WAKING_NOTED);
	fdwaker_copied(9, 7); /* of which nothing is known */
	assert_int_equal(fdwaker_find(7, &waking), WAKING_LOST);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, forget)
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_known_of_what_was_not_seen),
		TEST(writes_are_counted_from_the_creation_on),
		TEST(a_copy_is_as_known_as_the_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
