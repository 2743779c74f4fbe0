/*
 * errand.c - deputies that end and that do not, and errands from which the watcher comes back in time, or late.
 */
#include "preload/errand.h"
#include "preload/deputy.h"
#include "preload/sys.h"
#include "preload/tids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/wait.h>
#include <unistd.h>

#define LONG_MS 10000

static _Atomic int gate, seen_tid;

static void gate_wait(void)
{
	state_await(&gate, 0, LONG_MS);
}

/* --- deputies --------------------------------------------------------------------------------------- */

static void tid_store(void *to)
{
	*(_Atomic int *)to = sys_gettid();
}

static void a_deputy_is_another_thread_and_ends(void **state)
{
	(void)state;
	struct deputy deputy;
	seen_tid = 0;
	assert_true(deputy_start(&deputy, tid_store, &seen_tid));
	assert_true(deputy_await(&deputy, LONG_MS));
	assert_int_not_equal(seen_tid, 0);
	assert_int_not_equal(seen_tid, sys_gettid());
	assert_int_equal(sys_call3(SYS_tgkill, getpid(), seen_tid, 0), -3 /* ESRCH */);
	assert_int_equal(tids_excluded_alive(), 0);
}

static void wait_at_the_gate(void *unused)
{
	(void)unused;
	gate_wait();
}

static void one_that_waits_is_not_awaited_for_ever(void **state)
{
	(void)state;
	struct deputy deputy;
	gate = 0;
	assert_true(deputy_start(&deputy, wait_at_the_gate, NULL));
	assert_false(deputy_await(&deputy, 20));
	assert_int_equal(tids_excluded_alive(), 1);
	assert_true(state_change(&gate, 0, 1));
	assert_true(deputy_await(&deputy, LONG_MS));
	assert_int_equal(tids_excluded_alive(), 0);
}

static void a_state_changes_once(void **state)
{
	(void)state;
	gate = 0;
	assert_true(state_change(&gate, 0, 1));
	assert_false(state_change(&gate, 0, 2));
	assert_int_equal(gate, 1);
}

/* --- errands ---------------------------------------------------------------------------------------- */

static uintptr_t stack_there;

static void look_there(void)
{
	seen_tid = sys_gettid();
	stack_there = (uintptr_t)__builtin_frame_address(0);
}

static void the_watcher_goes_itself_on_another_stack(void **state)
{
	(void)state;
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	for (int i = 0; i < 3; i++) {
		seen_tid = 0;
		assert_true(errand_run(look_there, LONG_MS));
		assert_int_equal(seen_tid, sys_gettid());
		assert_false(stack_there <= here && here - stack_there < 1 << 20);
		assert_true(errand_await(0));
		assert_int_equal(tids_excluded_alive(), 0);
	}
}

/* What a watcher's errand is like that is late. In a process of its own, whose first thread is away in the end. */
static int go_and_be_late(void)
{
	int self = sys_gettid();
	gate = 0;
	if (errand_run(gate_wait, 20))
		return 1;
	int deputy = sys_gettid();
	if (deputy == self)
		return 2;
	if (errand_await(20)) /* it is still away */
		return 3;
	if (errand_run(look_there, LONG_MS)) /* a deputy sends nobody */
		return 4;
	state_change(&gate, 0, 1);
	if (!errand_await(LONG_MS) || sys_gettid() != deputy)
		return 5;
	errand_relieve();
	if (sys_gettid() != self || tids_excluded_alive() != 0)
		return 6;
	errand_relieve(); /* nobody does */
	return errand_run(look_there, LONG_MS) && seen_tid == self ? 0 : 7;
}

/* The process ends with its last thread, which is the one that was late. */
static void go_and_be_unwanted(void)
{
	gate = 0;
	errand_run(gate_wait, 20);
	errand_end();
	state_change(&gate, 0, 1);
	sys_call1(SYS_exit, 0);
}

static void a_deputy_goes_on_when_the_watcher_is_late(void **state)
{
	(void)state;
	int status;
	pid_t child = fork();
	if (child == 0) {
		errand_forget();
		_exit(go_and_be_late());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void a_watcher_that_is_not_wanted_any_more_ends(void **state)
{
	(void)state;
	int status;
	pid_t child = fork();
	if (child == 0) {
		errand_forget();
		alarm(LONG_MS / 1000);
		go_and_be_unwanted();
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_deputy_is_another_thread_and_ends),
		cmocka_unit_test(one_that_waits_is_not_awaited_for_ever),
		cmocka_unit_test(a_state_changes_once),
		cmocka_unit_test(the_watcher_goes_itself_on_another_stack),
		cmocka_unit_test(a_deputy_goes_on_when_the_watcher_is_late),
		cmocka_unit_test(a_watcher_that_is_not_wanted_any_more_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
