/*
 * recursive-miscount.c - a recursive lock is taken twice and released once; its owner waits for work then.
 *
 * class: lock
 * cause: the counts differ
 * expect: stalled|growing
 * where: dispatch|item_enqueue
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <semaphore.h>

static pthread_mutex_t items = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static sem_t pending;
static bool leaks;

static void *dispatch(void *unused)
{
	for (;;) {
		pthread_mutex_lock(&items);
		pthread_mutex_lock(&items);
		pthread_mutex_unlock(&items);
		if (!leaks)
			pthread_mutex_unlock(&items);
		sem_wait(&pending);
	}
	return unused;
}

static void *item_enqueue(void *unused)
{
	pthread_mutex_lock(&items);
	pthread_mutex_unlock(&items);
	sem_post(&pending);
	return unused;
}

static void start(bool leak)
{
	leaks = leak;
	sem_init(&pending, 0, 0);
	thread_start_detached(dispatch, NULL);
	sleep_ms(10);
}

static void request(bool leak)
{
	(void)leak;
	thread_start_detached(item_enqueue, NULL);
}

const struct pattern pattern = {
	.start = start,
	.request = request,
	.requests = 6,
	.company = COMPANY_NETWORK,
};
