/*
 * forgotten-unlock.c - a long-lived thread keeps a lock after an error, and goes on with other work.
 *
 * class: lock
 * cause: continue without unlock; the owner lives and sleeps now and then
 * expect: growing|stalled
 * where: session_serve
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

static pthread_mutex_t sessions = PTHREAD_MUTEX_INITIALIZER;
static bool leaks;

static void *sessions_sweep(void *unused)
{
	pthread_mutex_lock(&sessions);
	if (!leaks)
		pthread_mutex_unlock(&sessions);
	for (;;)
		sleep_ms(25);
	return unused;
}

static void *session_serve(void *unused)
{
	pthread_mutex_lock(&sessions);
	pthread_mutex_unlock(&sessions);
	return unused;
}

static void start(bool leak)
{
	leaks = leak;
	thread_start_detached(sessions_sweep, NULL);
	sleep_ms(10);
}

static void request(bool leak)
{
	(void)leak;
	thread_start_detached(session_serve, NULL);
}

const struct pattern pattern = {
	.start = start,
	.request = request,
	.company = COMPANY_BATCH | COMPANY_CONTENTION,
};
