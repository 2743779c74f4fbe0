/*
 * self-lock.c - a method that holds its lock calls another one that takes it.
 *
 * class: lock
 * cause: the lock is not recursive
 * expect: deadlock
 * where: cache_size
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

static pthread_mutex_t cache = PTHREAD_MUTEX_INITIALIZER;
static unsigned items;

static unsigned cache_size(void)
{
	pthread_mutex_lock(&cache);
	unsigned size = items;
	pthread_mutex_unlock(&cache);
	return size;
}

static void *cache_evict(void *leak)
{
	pthread_mutex_lock(&cache);
	if (leak && cache_size() > 10)
		items = 0;
	pthread_mutex_unlock(&cache);
	return NULL;
}

static void start(bool leak)
{
	thread_start_detached(cache_evict, leak ? &items : NULL);
}

const struct pattern pattern = {
	.start = start,
	.company = COMPANY_NETWORK | COMPANY_CONTENTION,
};
