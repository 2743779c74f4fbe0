/*
 * once-circle.c - a one-time initialisation needs a lock whose holder waits for the initialisation.
 *
 * class: lock
 * cause: pthread_once() is a lock too
 * expect: deadlock|stalled|growing
 * where: library_init|library_use|library_open
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t registry = PTHREAD_MUTEX_INITIALIZER;

static void library_init(void)
{
	sleep_ms(30);
	pthread_mutex_lock(&registry);
	pthread_mutex_unlock(&registry);
}

static void *library_open(void *unused)
{
	pthread_once(&once, library_init);
	return unused;
}

static void *library_use(void *leak)
{
	sleep_ms(10);
	if (!leak)
		pthread_once(&once, library_init);
	pthread_mutex_lock(&registry);
	pthread_once(&once, library_init);
	pthread_mutex_unlock(&registry);
	return NULL;
}

static void start(bool leak)
{
	thread_start_detached(library_open, NULL);
	thread_start_detached(library_use, leak ? &once : NULL);
}

static void request(bool leak)
{
	(void)leak;
	thread_start_detached(library_open, NULL);
}

const struct pattern pattern = {
	.start = start,
	.request = request,
	.requests = 10,
	.company = COMPANY_LOCKS,
};
