/*
 * owner-cancelled.c - a thread is cancelled while it holds a lock.
 *
 * class: lock
 * cause: no cleanup handler unlocks
 * expect: dead owner
 * where: cache_read
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <unistd.h>

static pthread_mutex_t cache = PTHREAD_MUTEX_INITIALIZER;
static bool leaks;

static void unlock(void *mutex)
{
	pthread_mutex_unlock(mutex);
}

static void cache_load(void)
{
	pthread_mutex_lock(&cache);
	pause();
	pthread_mutex_unlock(&cache);
}

static void *cache_fill(void *unused)
{
	if (leaks)
		cache_load();
	pthread_cleanup_push(unlock, &cache);
	cache_load();
	pthread_cleanup_pop(0);
	return unused;
}

static void start(bool leak)
{
	leaks = leak;
	pthread_t filler = thread_start(cache_fill, NULL);
	sleep_ms(20);
	pthread_cancel(filler);
	pthread_join(filler, NULL);
}

static void *cache_read(void *unused)
{
	pthread_mutex_lock(&cache);
	pthread_mutex_unlock(&cache);
	return unused;
}

static void request(bool leak)
{
	(void)leak;
	thread_start_detached(cache_read, NULL);
}

const struct pattern pattern = {
	.start = start,
	.request = request,
	.requests = 4,
	.company = COMPANY_LOCKS,
};
