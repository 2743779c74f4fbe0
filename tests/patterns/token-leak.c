/*
 * token-leak.c - a limit on requests at a time, by tokens that are not given back on errors.
 *
 * class: channel
 * cause: an early return past the sem_post
 * expect: growing|never woken|stalled
 * where: limited_serve
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <semaphore.h>
#include <stdatomic.h>

static sem_t tokens;
static bool leaks;

static bool work_fails(void)
{
	static atomic_uint calls;
	return calls++ % 2;
}

static void *limited_serve(void *unused)
{
	sem_wait(&tokens);
	if (leaks && work_fails())
		return unused;
	sleep_ms(1);
	sem_post(&tokens);
	return unused;
}

static void start(bool leak)
{
	leaks = leak;
	sem_init(&tokens, 0, 3);
}

static void request(bool leak)
{
	(void)leak;
	thread_start_detached(limited_serve, NULL);
}

const struct pattern pattern = {
	.start = start,
	.request = request,
	.company = COMPANY_SERVICE | COMPANY_BUSY_POOL,
};
