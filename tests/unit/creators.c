/*
 * creators.c - each creation stack once, with counts that hold when many threads create at once; and what
 * happens when there are more than the table holds.
 *
 * Frames of the module that holds the shim's code are left out of creation stacks. Here that is this
 * program, so a stack is told from another by the frames of libc between: functions that call back.
 *
 * Not under the sanitizers: they put frames of their own into every stack.
 */
#include "preload/creators.h"
#include "preload/modules.h"
#include "preload/rules.h"
#include "preload/slot.h"
#include "preload/threads.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

/* --- many different stacks ---------------------------------------------------------------------------- */

#define WAYS  4
#define DEPTH 7 /* WAYS to the power of DEPTH stacks: four times as many as the table holds */

static __thread struct {
	enum creator_kind kind;
	unsigned path, depth;
	struct creator *creator;
} making;

static int descend(const void *a, const void *b);

/* A frame of libc more, or several, by one of its functions. */
static int descend(const void *a, const void *b)
{
	static void *(*volatile const search)(const void *, const void *, size_t, size_t,
		int (*)(const void *, const void *)) = bsearch;
	int key = 0, pair[2] = {0, 0};
	size_t count = 1;
	void *tree = &(struct {
		void *key;
		void *left, *right;
	}){&key, NULL, NULL};
	(void)a, (void)b;
	if (!making.depth) {
		making.creator = creator_here(making.kind);
		return 0;
	}
	unsigned way = making.path % WAYS;
	making.path /= WAYS;
	making.depth--;
	switch (way) {
	case 0:
		search(&key, &key, 1, sizeof key, descend);
		break;
	case 1:
		lfind(&key, &key, &count, sizeof key, descend);
		break;
	case 2:
		tfind(&key, &tree, descend);
		break;
	default:
		qsort(pair, 2, sizeof *pair, descend);
	}
	return 0;
}

/* The creator for the stack with that number; equal numbers are equal stacks. */
static __attribute__((noinline)) struct creator *make(enum creator_kind kind, unsigned path)
{
	making.kind = kind;
	making.path = path;
	making.depth = DEPTH;
	descend(NULL, NULL);
	return making.creator;
}

static uint64_t made_in_all(void)
{
	uint64_t made = 0;
	for (uint32_t i = 0; i < CREATORS; i++)
		made += creator_at(i) ? creator_at(i)->made : 0;
	return made;
}

static unsigned creators_in_all(void)
{
	unsigned count = 0;
	for (uint32_t i = 0; i < CREATORS; i++)
		count += creator_at(i) != NULL;
	return count;
}

static int forget(void **state)
{
	(void)state;
	creators_forget();
	return 0;
}

/* --- tests ---------------------------------------------------------------------------------------------- */

static void one_stack_is_one_creator(void **state)
{
	(void)state;
	struct creator *first = make(CREATES_THREAD, 5);
	assert_non_null(first);
	for (int i = 0; i < 9; i++)
		assert_ptr_equal(make(CREATES_THREAD, 5), first);
	assert_int_equal(first->made, 10);
	assert_int_equal(first->gone, 0);
	assert_int_equal(creators_in_all(), 1);
}

static void another_stack_or_kind_is_another_creator(void **state)
{
	(void)state;
	struct creator *thread = make(CREATES_THREAD, 5), *timer = make(CREATES_TIMER, 5);
	assert_ptr_not_equal(thread, timer);
	assert_int_equal(thread->kind, CREATES_THREAD);
	assert_int_equal(timer->kind, CREATES_TIMER);
	assert_int_equal(thread->count, timer->count);
	assert_memory_equal(thread->frames, timer->frames, thread->count * sizeof *thread->frames);
	assert_ptr_not_equal(make(CREATES_THREAD, 6), thread);
	assert_int_equal(creators_in_all(), 3);
}

static void frames_are_the_hosts_innermost_first(void **state)
{
	(void)state;
	struct module_place libc, place;
	assert_true(module_place_find((uintptr_t)&qsort, &libc));
	struct creator *creator = make(CREATES_THREAD, 0);
	assert_int_equal(creator->partial, 0);
	/* One for each level, and those that called main(). */
	assert_true(creator->count >= DEPTH + 1 && creator->count <= DEPTH + 4);
	for (unsigned i = 0; i < creator->count; i++) {
		assert_false(address_is_own(creator->frames[i]));
		assert_true(module_place_find(creator->frames[i] - 1, &place));
	}
	for (unsigned i = 1; i < DEPTH; i++)
		assert_int_equal(creator->frames[i], creator->frames[0]);
	assert_int_not_equal(creator->frames[DEPTH], creator->frames[0]);
}

static void the_shims_own_code_is_known(void **state)
{
	(void)state;
	assert_true(address_is_own((uintptr_t)creator_here));
	assert_false(address_is_own((uintptr_t)&errno));
	assert_false(address_is_own(0));
	assert_false(address_is_own(UINTPTR_MAX));
}

static void what_is_gone_and_unmade_is_counted(void **state)
{
	(void)state;
	struct creator *creator = make(CREATES_TIMERFD, 1);
	make(CREATES_TIMERFD, 1);
	creator_gone(creator);
	assert_int_equal(creator->made, 2);
	assert_int_equal(creator->gone, 1);
	creator_unmade(creator);
	assert_int_equal(creator->made, 1);
	creator_gone(NULL);
	creator_unmade(NULL);
}

/* Deeper than CREATOR_FRAMES: cut short, and said so. */
static int sort_deeper(const void *a, const void *b)
{
	size_t count = 1;
	int key = 0;
	(void)b;
	if (making.depth-- == 0)
		making.creator = creator_here(CREATES_THREAD);
	else
		lfind(&key, &key, &count, sizeof key, sort_deeper);
	return a == &key;
}

static void a_deep_stack_is_cut_short(void **state)
{
	(void)state;
	making.depth = 3 * CREATOR_FRAMES;
	sort_deeper(NULL, NULL);
	assert_non_null(making.creator);
	assert_int_equal(making.creator->partial, 1);
	assert_true(making.creator->count <= CREATOR_FRAMES);
	assert_true(making.creator->count >= CREATOR_FRAMES / 2 - 2); /* half were our own */
}

#define WORKERS 2
#define PATHS	1500
#define ROUNDS	5

static _Atomic unsigned failures, arrived;

/* In the first round side by side, so that both come to each stack when it is new. */
static void *make_many(void *unused)
{
	for (unsigned at = 0; at < ROUNDS * PATHS; at++) {
		unsigned path = at % PATHS;
		arrived++;
		while (at < PATHS && arrived < WORKERS * (at + 1))
			sched_yield();
		struct creator *creator = make(CREATES_THREAD, path);
		failures += creator == NULL;
		if (path % 2)
			creator_gone(creator);
	}
	return unused;
}

/* A created thread's view of its stack ends at its start routine: the same stack in every thread. */
static void many_threads_add_the_same(void **state)
{
	(void)state;
	pthread_t threads[WORKERS];
	failures = arrived = 0;
	for (int i = 0; i < WORKERS; i++) {
		struct slot *slot = thread_prepare(make_many, NULL, NULL);
		pthread_create(&threads[i], NULL, thread_start, slot);
	}
	for (int i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(failures, 0);
	unsigned complete = 0, others = 0;
	uintptr_t lowest = UINTPTR_MAX, highest = 0;
	for (uint32_t i = 0; i < CREATORS; i++) {
		struct creator *creator = creator_at(i);
		if (creator && (uintptr_t)creator < lowest)
			lowest = (uintptr_t)creator;
		if ((uintptr_t)creator > highest)
			highest = (uintptr_t)creator;
		if (creator && creator->made == WORKERS * ROUNDS)
			complete++;
		else if (creator)
			others++;
	}
	assert_int_equal(complete, PATHS);
	assert_int_equal(others, 1); /* of the threads themselves */
	assert_int_equal(creators_lost(), 0);
	/* What both made at once is used again: records lie in a row. */
	size_t record_bytes = sizeof(struct creator) + CREATOR_FRAMES * sizeof(uintptr_t);
	assert_in_range((highest - lowest) / record_bytes, PATHS, PATHS + WORKERS + 1);
}

static void a_full_table_loses_and_counts(void **state)
{
	(void)state;
	enum { STACKS = 1 << (2 * DEPTH) };
	unsigned none = 0;
	for (unsigned path = 0; path < STACKS; path++)
		none += make(CREATES_THREAD, path) == NULL;
	assert_true(none > 0);
	assert_int_equal(creators_lost(), none);
	assert_int_equal(made_in_all(), STACKS - none);
	assert_int_equal(creators_in_all(), STACKS - none);
	assert_in_range(creators_in_all(), CREATORS * 9 / 10, CREATORS);
	/* What is in the table is still found. */
	struct creator *first = make(CREATES_THREAD, 0);
	assert_non_null(first);
	assert_int_equal(first->made, 2);
}

static void after_a_fork_the_table_is_empty(void **state)
{
	(void)state;
	make(CREATES_THREAD, 1);
	creators_forget();
	assert_int_equal(creators_in_all(), 0);
	assert_int_equal(creators_lost(), 0);
	assert_int_equal(make(CREATES_THREAD, 1)->made, 1);
}

static int prepare(void **state)
{
	(void)state;
	modules_init();
	rules_init();
	threads_init();
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, forget)
	const struct CMUnitTest tests[] = {
		TEST(one_stack_is_one_creator),
		TEST(another_stack_or_kind_is_another_creator),
		TEST(frames_are_the_hosts_innermost_first),
		TEST(the_shims_own_code_is_known),
		TEST(what_is_gone_and_unmade_is_counted),
		TEST(a_deep_stack_is_cut_short),
		TEST(many_threads_add_the_same),
		TEST(a_full_table_loses_and_counts),
		TEST(after_a_fork_the_table_is_empty),
	};
	return cmocka_run_group_tests(tests, prepare, NULL);
}
