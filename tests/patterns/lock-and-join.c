/*
 * lock-and-join.c - joins a worker while it holds the lock that the worker needs.
 *
 * class: lock
 * cause: the lock is not released before the join
 * expect: deadlock
 * where: worker_stop|worker_work
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

static pthread_mutex_t state = PTHREAD_MUTEX_INITIALIZER;
static bool leaks;

static void *worker_work(void *unused)
{
	sleep_ms(20);
	pthread_mutex_lock(&state);
	pthread_mutex_unlock(&state);
	return unused;
}

static void *worker_stop(void *unused)
{
	pthread_mutex_lock(&state);
	pthread_t worker = thread_start(worker_work, NULL);
	if (!leaks)
		pthread_mutex_unlock(&state);
	pthread_join(worker, NULL);
	if (leaks)
		pthread_mutex_unlock(&state);
	return unused;
}

static void start(bool leak)
{
	leaks = leak;
	thread_start_detached(worker_stop, NULL);
}

const struct pattern pattern = {
	.start = start,
	.company = COMPANY_BATCH,
};
