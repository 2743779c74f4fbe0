/*
 * timer-per-request.c - a POSIX timer for each request's deadline, not deleted when the request ends in time.
 *
 * class: timer
 * cause: no timer_delete
 * expect: timer leak
 * where: deadline_set|request
 * unreachable: not memory
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <signal.h>
#include <time.h>

static timer_t deadline_set(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_NONE};
	struct itimerspec limit = {.it_value.tv_sec = 3600};
	timer_t timer;
	must(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0, "timer_create");
	must(timer_settime(timer, 0, &limit, NULL) == 0, "timer_settime");
	return timer;
}

static void request(bool leak)
{
	timer_t deadline = deadline_set();
	sleep_ms(2);
	if (!leak)
		timer_delete(deadline);
}

const struct pattern pattern = {
	.request = request,
	.requests = 55,
	.company = COMPANY_TICKER | COMPANY_SERVICE,
};
