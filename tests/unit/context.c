/*
 * context.c - the demos' contexts and wait groups: what a cancellation reaches, and when.
 */
#include "demos/context.h"
#include "demos/object.h"
#include "demos/waitgroup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#define MILLISECOND_NS 1000000u
#define HOUR_NS	       3600000000000u
#define WORKERS	       64

static void null_is_never_done(void **state)
{
	(void)state;
	struct context_watch watch = {NULL, NULL, NULL, NULL};
	assert_int_equal(context_state(NULL), CONTEXT_LIVE);
	assert_false(context_done(NULL));
	assert_null(context_deadline(NULL));
	assert_true(context_sleep(NULL, MILLISECOND_NS));
	context_watch(NULL, &watch);
	context_unwatch(NULL, &watch);
}

static void cancel_goes_down_not_up(void **state)
{
	(void)state;
	struct context *root = context_make(NULL), *left = context_make(root),
		       *right = context_make(root), *below = context_make(left);
	context_cancel(left);
	assert_int_equal(context_state(below), CONTEXT_CANCELLED);
	assert_int_equal(context_state(left), CONTEXT_CANCELLED);
	assert_int_equal(context_state(right), CONTEXT_LIVE);
	assert_int_equal(context_state(root), CONTEXT_LIVE);
	context_cancel(root);
	context_cancel(root);
	assert_int_equal(context_state(right), CONTEXT_CANCELLED);
	context_free(below);
	context_free(right);
	context_free(left);
	context_free(root);
	assert_int_equal(object_count(), 0);
}

static void child_of_a_cancelled_parent(void **state)
{
	(void)state;
	struct context *root = context_make(NULL);
	context_cancel(root);
	struct context *child = context_make_timeout(root, HOUR_NS);
	assert_int_equal(context_state(child), CONTEXT_CANCELLED);
	context_free(child);
	context_free(root);
}

static void freed_child_is_forgotten(void **state)
{
	(void)state;
	struct context *root = context_make(NULL);
	struct context *first = context_make(root), *second = context_make(root),
		       *third = context_make(root);
	context_free(second);
	context_free(third);
	context_cancel(root);
	assert_true(context_done(first));
	context_free(first);
	context_free(root);
}

static void nearest_deadline_counts(void **state)
{
	(void)state;
	struct context *near = context_make_timeout(NULL, MILLISECOND_NS);
	struct context *far = context_make_timeout(near, HOUR_NS);
	struct context *none = context_make(near);
	assert_int_equal(context_deadline(far)->tv_sec, context_deadline(near)->tv_sec);
	assert_int_equal(context_deadline(none)->tv_nsec, context_deadline(near)->tv_nsec);
	while (!context_done(near))
		context_sleep(NULL, MILLISECOND_NS);
	assert_int_equal(context_state(near), CONTEXT_EXPIRED);
	assert_int_equal(context_state(far), CONTEXT_EXPIRED);
	assert_int_equal(context_state(none), CONTEXT_EXPIRED);
	context_cancel(near);
	assert_int_equal(context_state(none), CONTEXT_CANCELLED);
	context_free(none);
	context_free(far);
	context_free(near);

	struct context *parent = context_make_timeout(NULL, HOUR_NS);
	struct context *sooner = context_make_timeout(parent, MILLISECOND_NS);
	assert_true(context_deadline(sooner)->tv_sec < context_deadline(parent)->tv_sec);
	context_free(sooner);
	context_free(parent);
}

static void count_call(void *argument)
{
	++*(int *)argument;
}

static void watch_is_called_once(void **state)
{
	(void)state;
	int calls = 0, none = 0, late_calls = 0;
	struct context *context = context_make(NULL);
	struct context_watch watch = {.cancelled = count_call, .argument = &calls};
	struct context_watch ended = {.cancelled = count_call, .argument = &none};
	struct context_watch late = {.cancelled = count_call, .argument = &late_calls};
	context_watch(context, &watch);
	context_watch(context, &ended);
	context_unwatch(context, &ended);
	context_cancel(context);
	context_cancel(context);
	context_unwatch(context, &watch);
	context_watch(context, &late);
	context_unwatch(context, &late);
	assert_int_equal(calls, 1);
	assert_int_equal(none, 0);
	assert_int_equal(late_calls, 1);
	context_free(context);
}

static void *cancel_it(void *argument)
{
	context_cancel(argument);
	return NULL;
}

static void sleep_ends_early(void **state)
{
	(void)state;
	pthread_t canceller;
	struct context *context = context_make(NULL);
	assert_true(context_sleep(context, MILLISECOND_NS));
	assert_int_equal(pthread_create(&canceller, NULL, cancel_it, context), 0);
	assert_false(context_sleep(context, HOUR_NS));
	pthread_join(canceller, NULL);
	assert_false(context_sleep(context, HOUR_NS));
	context_free(context);

	context = context_make_timeout(NULL, MILLISECOND_NS);
	assert_false(context_sleep(context, HOUR_NS));
	context_free(context);
}

/* Workers that sleep under children of their own, while the parent is cancelled. */
struct sleepers {
	struct context *parent;
	struct waitgroup group;
	_Atomic unsigned asleep, woken;
};

static void *sleeper(void *argument)
{
	struct sleepers *sleepers = argument;
	struct context *context = context_make_timeout(sleepers->parent, HOUR_NS);
	atomic_fetch_add(&sleepers->asleep, 1);
	if (!context_sleep(context, HOUR_NS))
		atomic_fetch_add(&sleepers->woken, 1);
	context_free(context);
	waitgroup_done(&sleepers->group);
	return NULL;
}

static void group_waits_for_all(void **state)
{
	(void)state;
	pthread_t threads[WORKERS];
	struct sleepers sleepers = {.parent = context_make(NULL)};
	waitgroup_init(&sleepers.group);
	waitgroup_wait(&sleepers.group); /* for nobody */
	waitgroup_add(&sleepers.group, WORKERS);
	for (unsigned i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, sleeper, &sleepers), 0);
	/* Some sleep, some have yet to begin: the cancellation must reach both. */
	while (atomic_load(&sleepers.asleep) < WORKERS / 2)
		context_sleep(NULL, MILLISECOND_NS);
	context_cancel(sleepers.parent);
	waitgroup_wait(&sleepers.group);
	assert_int_equal(sleepers.woken, WORKERS);
	waitgroup_destroy(&sleepers.group);
	for (unsigned i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	context_free(sleepers.parent);
	assert_int_equal(object_count(), 0);
}

static void one_done_too_many_aborts(void **state)
{
	(void)state;
	int status;
	pid_t child = fork();
	if (child == 0) {
		struct waitgroup group;
		signal(SIGABRT, SIG_DFL);
		close(STDERR_FILENO);
		waitgroup_init(&group);
		waitgroup_add(&group, 1);
		waitgroup_done(&group);
		waitgroup_done(&group);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(null_is_never_done),
		cmocka_unit_test(cancel_goes_down_not_up),
		cmocka_unit_test(child_of_a_cancelled_parent),
		cmocka_unit_test(freed_child_is_forgotten),
		cmocka_unit_test(nearest_deadline_counts),
		cmocka_unit_test(watch_is_called_once),
		cmocka_unit_test(sleep_ends_early),
		cmocka_unit_test(group_waits_for_all),
		cmocka_unit_test(one_done_too_many_aborts),
	};
	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
