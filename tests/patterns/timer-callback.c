/*
 * timer-callback.c - timers that call a function in a thread of libc's, made anew at each reconnection.
 *
 * class: timer
 * cause: the old timer is not deleted
 * expect: timer leak
 * where: keepalive_start|request
 * unreachable: not memory
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <signal.h>
#include <time.h>

static void keepalive_send(union sigval unused)
{
	(void)unused;
}

static timer_t keepalive_start(void)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_THREAD, .sigev_notify_function = keepalive_send};
	struct itimerspec period = {{1, 0}, {1, 0}};
	timer_t timer;
	must(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 &&
			timer_settime(timer, 0, &period, NULL) == 0,
		"timer");
	return timer;
}

static void request(bool leak)
{
	timer_t keepalive = keepalive_start();
	sleep_ms(2);
	if (!leak)
		timer_delete(keepalive);
}

const struct pattern pattern = {
	.request = request,
	.requests = 55,
	.company = COMPANY_SERVICE,
};
