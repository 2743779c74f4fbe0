/*
 * wakers.c - what the table of wakers remembers, what it forgets, and that it says which.
 */
#include "preload/wakers.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct slot me = {.id = 7}, other = {.id = 8};

/* The shim makes no slot in this program: the calling thread is who the test says. */
static void wake(struct slot *who, uintptr_t object, uintptr_t place)
{
	struct slot *before = slot_self;
	slot_self = who;
	waker_note(object, place);
	slot_self = before;
}

static int setup(void **state)
{
	(void)state;
	wakers_forget();
	wakers_tick = 0;
	return 0;
}

static void test_never(void **state)
{
	(void)state;
	struct waking waking;
	assert_int_equal(waker_find(0x1000, &waking), WAKING_NEVER);
	assert_int_equal(waking.count, 0);
}

static void test_the_last_and_how_many(void **state)
{
	(void)state;
	struct waking waking;
	wake(&me, 0x1000, 0xa);
	wake(&me, 0x1000, 0xb);
	wakers_tick = 5;
	assert_int_equal(waker_find(0x1000, &waking), WAKING_NOTED);
	assert_int_equal(waking.thread, 7);
	assert_int_equal(waking.place, 0xb);
	assert_int_equal(waking.count, 2);
	assert_int_equal(waking.ticks_ago, 5);
	assert_false(waking.several);
}

static void test_several_threads(void **state)
{
	(void)state;
	struct waking waking;
	wake(&me, 0x1000, 0xa);
	wake(&other, 0x1000, 0xa);
	wake(&other, 0x1000, 0xa);
	waker_find(0x1000, &waking);
	assert_true(waking.several);
	assert_int_equal(waking.thread, 8);
	assert_int_equal(waking.count, 3);
}

static void test_a_thread_without_a_slot(void **state)
{
	(void)state;
	struct waking waking;
	wake(SLOT_NONE, 0x1000, 0xa);
	assert_int_equal(waker_find(0x1000, &waking), WAKING_NOTED);
	assert_int_equal(waking.thread, 0);
}

/* Three objects of one pair. */
static void objects_of_one_pair(uintptr_t objects[3])
{
	objects[0] = 0x1000;
	for (int found = 1; found < 3; found++) {
		objects[found] = objects[found - 1] + 8;
		while (waker_pair(objects[found]) != waker_pair(objects[0]))
			objects[found] += 8;
	}
}

static void test_two_share_and_the_older_goes(void **state)
{
	(void)state;
	struct waking waking;
	uintptr_t objects[3];
	objects_of_one_pair(objects);
	wake(&me, objects[0], 0xa);
	assert_int_equal(waker_find(objects[1], &waking), WAKING_NEVER);
	wake(&me, objects[1], 0xb);
	wakers_tick = 1;
	wake(&me, objects[0], 0xa);
	assert_int_equal(waker_find(objects[2], &waking), WAKING_LOST);
	wake(&me, objects[2], 0xc);
	assert_int_equal(waker_find(objects[0], &waking), WAKING_NOTED);
	assert_int_equal(waking.count, 2);
	assert_int_equal(waker_find(objects[1], &waking), WAKING_LOST);
	assert_int_equal(waker_find(objects[2], &waking), WAKING_NOTED);
	assert_int_equal(waking.count, 1);
	assert_int_equal(waking.place, 0xc);
}

/* It must not come to say "never". */
static void test_the_count_wraps(void **state)
{
	(void)state;
	struct waking waking;
	wake(&me, 0x1000, 0xa);
	waker_pair(0x1000)->count = UINT32_MAX;
	wake(&me, 0x1000, 0xa);
	assert_int_equal(waker_find(0x1000, &waking), WAKING_NOTED);
	assert_int_not_equal(waking.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_never, setup),
		cmocka_unit_test_setup(test_the_last_and_how_many, setup),
		cmocka_unit_test_setup(test_several_threads, setup),
		cmocka_unit_test_setup(test_a_thread_without_a_slot, setup),
		cmocka_unit_test_setup(test_two_share_and_the_older_goes, setup),
		cmocka_unit_test_setup(test_the_count_wraps, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
