/*
 * looping-timer.c - a refresher for each request that sleeps and works, and is never told to end.
 *
 * class: channel
 * cause: the loop has no way out
 * expect: growing|timer leak
 * where: refresh_loop
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <stdatomic.h>

struct refresher {
	atomic_bool stop;
	bool leak;
};

static void *refresh_loop(void *argument)
{
	struct refresher *refresher = argument;
	while (refresher->leak || !refresher->stop)
		sleep_ms(30);
	return NULL;
}

static void request(bool leak)
{
	struct refresher *refresher = memory_make(sizeof *refresher);
	refresher->leak = leak;
	thread_start_detached(refresh_loop, refresher);
	sleep_ms(1);
	refresher->stop = true;
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_SERVICE,
};
