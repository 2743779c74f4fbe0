/*
 * ticker.c - the demos' ticker: ticks, drops what nobody takes, wakes for a cancellation, and leaves
 * neither timer nor signal behind.
 */
#include "demos/ticker.h"
#include "demos/object.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MILLISECOND_NS 1000000u
#define HOUR_NS	       3600000000000u

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* As the kernel counts them; -1 where it does not tell. */
static int timers_alive(void)
{
	char line[128];
	int timers = 0;
	FILE *file = fopen("/proc/self/timers", "r");
	if (!file)
		return -1;
	while (fgets(line, sizeof line, file))
		timers += strncmp(line, "ID:", 3) == 0;
	fclose(file);
	return timers;
}

static int signal_is_blocked(void)
{
	sigset_t mask;
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	return sigismember(&mask, SIGRTMIN);
}

static void ticks_no_faster_than_its_period(void **state)
{
	(void)state;
	uint64_t started_ns = now_ns();
	struct ticker *ticker = ticker_start(MILLISECOND_NS);
	assert_non_null(ticker);
	for (int tick = 0; tick < 10; tick++)
		assert_true(ticker_next(ticker, NULL));
	assert_true(now_ns() - started_ns >= 10 * MILLISECOND_NS);
	ticker_stop(ticker);
}

static void slow_receiver_gets_one_tick(void **state)
{
	(void)state;
	struct ticker *ticker = ticker_start(200 * MILLISECOND_NS);
	context_sleep(NULL, 900 * MILLISECOND_NS);
	/* Four periods are over: one tick waits, three were dropped, the next is yet to come. */
	assert_true(ticker_next(ticker, NULL));
	uint64_t after_first_ns = now_ns();
	assert_true(ticker_next(ticker, NULL));
	assert_true(now_ns() - after_first_ns > 2 * MILLISECOND_NS);
	ticker_stop(ticker);
}

static void *cancel_it(void *argument)
{
	context_cancel(argument);
	return NULL;
}

static void cancel_wakes(void **state)
{
	(void)state;
	pthread_t canceller;
	struct context *context = context_make(NULL);
	struct ticker *ticker = ticker_start(HOUR_NS);
	assert_int_equal(pthread_create(&canceller, NULL, cancel_it, context), 0);
	assert_false(ticker_next(ticker, context));
	pthread_join(canceller, NULL);
	assert_false(ticker_next(ticker, context));
	ticker_stop(ticker);
	context_free(context);
}

static void stop_leaves_nothing(void **state)
{
	(void)state;
	int timers = timers_alive();
	struct ticker *ticker = ticker_start(MILLISECOND_NS);
	assert_true(signal_is_blocked());
	if (timers >= 0)
		assert_int_equal(timers_alive(), timers + 1);
	/* A pending tick would end the process once its signal is no longer blocked. */
	context_sleep(NULL, 5 * MILLISECOND_NS);
	ticker_stop(ticker);
	assert_false(signal_is_blocked());
	assert_int_equal(timers_alive(), timers);
	assert_int_equal(object_count(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ticks_no_faster_than_its_period),
		cmocka_unit_test(slow_receiver_gets_one_tick),
		cmocka_unit_test(cancel_wakes),
		cmocka_unit_test(stop_leaves_nothing),
	};
	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
