/*
 * nested-monitor.c - waits on an inner condition while it holds an outer lock, which the signaller needs.
 *
 * class: lock
 * cause: pthread_cond_wait() releases the inner lock only
 * expect: stalled|growing|deadlock
 * where: item_take|item_put
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

static pthread_mutex_t outer = PTHREAD_MUTEX_INITIALIZER, inner = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER;
static unsigned items;
static bool leaks;

static void *item_take(void *unused)
{
	if (leaks)
		pthread_mutex_lock(&outer);
	pthread_mutex_lock(&inner);
	while (!items)
		pthread_cond_wait(&filled, &inner);
	items--;
	pthread_mutex_unlock(&inner);
	if (leaks)
		pthread_mutex_unlock(&outer);
	return unused;
}

static void *item_put(void *unused)
{
	pthread_mutex_lock(&outer);
	pthread_mutex_lock(&inner);
	items++;
	pthread_cond_signal(&filled);
	pthread_mutex_unlock(&inner);
	pthread_mutex_unlock(&outer);
	return unused;
}

static void start(bool leak)
{
	leaks = leak;
	thread_start_detached(item_take, NULL);
	sleep_ms(20);
}

static void request(bool leak)
{
	(void)leak;
	thread_start_detached(item_put, NULL);
}

const struct pattern pattern = {
	.start = start,
	.request = request,
	.requests = 6,
	.company = COMPANY_LOCKS | COMPANY_POOL,
};
