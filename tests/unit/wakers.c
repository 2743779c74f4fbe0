/*
 * wakers.c - the last wake of an object is known, or it is known that there was none, or it is said that
 * nothing is known.
 */
#include "preload/wakers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#define OBJECT ((uintptr_t)0x7f0000001000)

/* The objects beginning with OBJECT that share its pair of rows. */
static void find_neighbours(uintptr_t *objects, unsigned count)
{
	uintptr_t object = OBJECT;
	for (unsigned found = 0; found < count; object += 8)
		if (waker_pair(object) == waker_pair(OBJECT))
			objects[found++] = object;
}

static int forget(void **state)
{
	(void)state;
	wakers_forget();
	wakers_tick = 0;
	return 0;
}

static void an_object_that_nobody_woke(void **state)
{
	(void)state;
	struct waking waking = {.count = 7};
	assert_int_equal(waker_find(OBJECT, &waking), WAKING_NEVER);
	assert_int_equal(waking.count, 0);
}

static void the_last_wake_is_known(void **state)
{
	(void)state;
	struct waking waking;
	waker_note(OBJECT, 0x1111);
	waker_note(OBJECT, 0x2222);
	wakers_tick = 5;
	assert_int_equal(waker_find(OBJECT, &waking), WAKING_NOTED);
	assert_int_equal(waking.thread, slot_usable(slot_self) ? slot_self->id : 0);
	assert_int_equal(waking.place, 0x2222);
	assert_int_equal(waking.count, 2);
	assert_int_equal(waking.ticks_ago, 5);
	assert_false(waking.several);
	assert_int_equal(waker_find(OBJECT + 8, &waking), WAKING_NEVER);
}

static void *wake(void *unused)
{
	(void)unused;
	slot_claim();
	waker_note(OBJECT, 0x3333);
	return (void *)(uintptr_t)slot_self->id;
}

static void wakers_are_told_apart(void **state)
{
	(void)state;
	struct waking waking;
	pthread_t thread;
	void *id;
	waker_note(OBJECT, 0x1111);
	pthread_create(&thread, NULL, wake, NULL);
	pthread_join(thread, &id);
	waker_find(OBJECT, &waking);
	assert_true(waking.several);
	assert_int_equal(waking.count, 2);
	assert_int_equal(waking.thread, (uintptr_t)id);
	assert_int_equal(waking.place, 0x3333);
}

static void two_objects_share_a_pair(void **state)
{
	(void)state;
	struct waking waking;
	uintptr_t objects[3];
	find_neighbours(objects, 3);
	waker_note(objects[0], 1);
	assert_int_equal(waker_find(objects[1], &waking), WAKING_NEVER);
	waker_note(objects[1], 2);
	waker_note(objects[0], 3);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(waker_find(objects[i], &waking), WAKING_NOTED);
		assert_int_equal(waking.place, i ? 2 : 3);
		assert_int_equal(waking.count, i ? 1 : 2);
	}
	/* A third may have been woken, and been pushed out since. */
	assert_int_equal(waker_find(objects[2], &waking), WAKING_LOST);
}

static void the_one_woken_longer_ago_is_pushed_out(void **state)
{
	(void)state;
	struct waking waking;
	uintptr_t objects[4];
	find_neighbours(objects, 4);
	waker_note(objects[0], 1);
	wakers_tick = 1;
	waker_note(objects[1], 2);
	wakers_tick = 2;
	waker_note(objects[2], 3);
	assert_int_equal(waker_find(objects[0], &waking), WAKING_LOST);
	assert_int_equal(waker_find(objects[1], &waking), WAKING_NOTED);
	assert_int_equal(waker_find(objects[2], &waking), WAKING_NOTED);
	assert_int_equal(waking.count, 1);
	wakers_tick = 3;
	waker_note(objects[3], 4);
	assert_int_equal(waker_find(objects[1], &waking), WAKING_LOST);
	assert_int_equal(waker_find(objects[2], &waking), WAKING_NOTED);
}

static void a_count_that_wraps_is_not_never(void **state)
{
	(void)state;
	struct waking waking;
	waker_note(OBJECT, 1);
	waker_pair(OBJECT)->count = UINT32_MAX;
	waker_note(OBJECT, 1);
	assert_int_equal(waker_find(OBJECT, &waking), WAKING_NOTED);
	assert_int_not_equal(waking.count, 0);
}

static void a_new_object_was_not_woken(void **state)
{
	(void)state;
	struct waking waking;
	uintptr_t objects[3];
	find_neighbours(objects, 3);
	waker_note(objects[0], 1);
	waker_note(objects[1], 2);
	waker_renew(objects[0]);
	assert_int_equal(waker_find(objects[0], &waking), WAKING_NEVER);
	assert_int_equal(waking.count, 0);
	assert_int_equal(waker_find(objects[1], &waking), WAKING_NOTED);
	/* Its row is no empty one: another may have been pushed out. */
	waker_renew(objects[2]);
	assert_int_equal(waker_find(objects[2], &waking), WAKING_LOST);
	waker_note(objects[0], 3);
	assert_int_equal(waker_find(objects[0], &waking), WAKING_NOTED);
	assert_int_equal(waking.count, 1);
	assert_false(waking.several);
}

static void pass(void)
{
	slot_claim();
	waker_pass_note(OBJECT, 1);
}

static void *post_as_another(void *unused)
{
	(void)unused;
	slot_claim();
	waker_post_note(OBJECT, 2);
	return NULL;
}

static void a_semaphore_is_held_by_who_passed_last(void **state)
{
	(void)state;
	uint64_t holder;
	assert_false(waker_holder(OBJECT, &holder));
	for (int i = 0; i < 3; i++) {
		pass();
		assert_true(waker_holder(OBJECT, &holder));
		assert_int_equal(holder, slot_self->id);
		waker_post_note(OBJECT, 2);
		assert_false(waker_holder(OBJECT, &holder));
	}
	/* A counter, of which two have a part. */
	pass();
	pass();
	assert_false(waker_holder(OBJECT, &holder));
}

static void what_others_post_is_no_lock(void **state)
{
	(void)state;
	uint64_t holder;
	pthread_t thread;
	pass();
	pthread_create(&thread, NULL, post_as_another, NULL);
	pthread_join(thread, NULL);
	pass();
	assert_false(waker_holder(OBJECT, &holder));
	waker_renew(OBJECT);
	waker_renew(waker_passing(OBJECT));
	pass();
	assert_true(waker_holder(OBJECT, &holder));
}

static void the_table_holds_no_pointers_of_the_host(void **state)
{
	(void)state;
	waker_note(OBJECT, 1);
	for (size_t i = 0; i < sizeof wakers / sizeof **wakers; i++)
		assert_int_not_equal((&wakers[0][0])[i].object, OBJECT);
}

static void addresses_spread(void **state)
{
	(void)state;
	static unsigned used[WAKER_PAIRS];
	unsigned crowded = 0;
	/* Condition variables in structures of a heap: a hundred bytes apart. */
	for (uintptr_t i = 0; i < WAKER_PAIRS; i++)
		used[(struct waker(*)[2])waker_pair(OBJECT + i * 112) - wakers]++;
	for (unsigned i = 0; i < WAKER_PAIRS; i++)
		crowded += used[i] > 2 ? used[i] : 0;
	/* A quarter of as many as there are pairs would be, if they were thrown at random. */
	assert_in_range(crowded, 0, WAKER_PAIRS / 3);
}

static void after_a_fork_nothing_was_woken(void **state)
{
	(void)state;
	struct waking waking;
	waker_note(OBJECT, 1);
	wakers_forget();
	assert_int_equal(waker_find(OBJECT, &waking), WAKING_NEVER);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, forget)
	const struct CMUnitTest tests[] = {
		TEST(an_object_that_nobody_woke),
		TEST(the_last_wake_is_known),
		TEST(wakers_are_told_apart),
		TEST(two_objects_share_a_pair),
		TEST(the_one_woken_longer_ago_is_pushed_out),
		TEST(a_count_that_wraps_is_not_never),
		TEST(a_new_object_was_not_woken),
		TEST(a_semaphore_is_held_by_who_passed_last),
		TEST(what_others_post_is_no_lock),
		TEST(the_table_holds_no_pointers_of_the_host),
		TEST(addresses_spread),
		TEST(after_a_fork_nothing_was_woken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
