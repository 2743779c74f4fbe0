/*
 * lost-wakeup-once.c - a dispatcher that lost one signal, once: requests queue up in memory, not in threads.
 *
 * class: condvar
 * cause: the flag is set without the lock, between the check and the wait
 * expect: stalled|orphaned|never woken
 * where: dispatcher_run
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER;
static unsigned jobs;
static bool leaks;

static void *dispatcher_run(void *unused)
{
	pthread_mutex_lock(&mutex);
	for (;;) {
		while (!jobs)
			pthread_cond_wait(&filled, &mutex);
		jobs--;
	}
	return unused;
}

static void start(bool leak)
{
	leaks = leak;
	thread_start_detached(dispatcher_run, NULL);
}

static void request(bool leak)
{
	static bool was_empty = true;
	pthread_mutex_lock(&mutex);
	jobs++;
	if (was_empty || !leak)
		pthread_cond_signal(&filled);
	was_empty = false;
	pthread_mutex_unlock(&mutex);
}

const struct pattern pattern = {
	.start = start,
	.request = request,
	.company = COMPANY_SERVICE | COMPANY_BUSY_POOL,
};
