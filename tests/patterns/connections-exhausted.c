/*
 * connections-exhausted.c - a pool of connections; an error path does not give its own back.
 *
 * class: condvar
 * cause: once all are gone, everybody waits for one
 * expect: growing|never woken|orphaned|stalled
 * where: query_run
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t returned = PTHREAD_COND_INITIALIZER;
static unsigned available = 6;
static bool leaks;

static void *query_run(void *fails)
{
	pthread_mutex_lock(&mutex);
	while (!available)
		pthread_cond_wait(&returned, &mutex);
	available--;
	pthread_mutex_unlock(&mutex);
	sleep_ms(2);
	if (fails && leaks)
		return NULL;
	pthread_mutex_lock(&mutex);
	available++;
	pthread_cond_signal(&returned);
	pthread_mutex_unlock(&mutex);
	return NULL;
}

static void request(bool leak)
{
	static unsigned number;
	leaks = leak;
	thread_start_detached(query_run, number++ % 2 ? &number : NULL);
}

const struct pattern pattern = {
	.request = request,
	.requests = 50,
	.company = COMPANY_BATCH,
};
