/*
 * timerfd-per-request.c - a timerfd for each retry, which is not closed.
 *
 * class: timer
 * cause: no close
 * expect: timer leak
 * where: retry_schedule|request
 * unreachable: not memory
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <sys/timerfd.h>
#include <unistd.h>

static int retry_schedule(void)
{
	struct itimerspec delay = {.it_value.tv_sec = 60};
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	must(timer >= 0 && timerfd_settime(timer, 0, &delay, NULL) == 0, "timerfd");
	return timer;
}

static void request(bool leak)
{
	int timer = retry_schedule();
	if (!leak)
		close(timer);
}

const struct pattern pattern = {
	.request = request,
	.requests = 55,
	.company = COMPANY_TICKER | COMPANY_NETWORK,
};
