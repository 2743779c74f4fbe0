/*
 * fork-held-lock.c - a fork while another thread holds a lock; in the child it is held for ever.
 *
 * class: process
 * cause: no pthread_atfork() handler; the owner does not exist in the child
 * expect: dead owner
 * where: child_work
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t cache = PTHREAD_MUTEX_INITIALIZER;

static void *cache_refresh(void *unused)
{
	pthread_mutex_lock(&cache);
	sleep_ms(60);
	pthread_mutex_unlock(&cache);
	return unused;
}

static void *child_work(void *unused)
{
	pthread_mutex_lock(&cache);
	pthread_mutex_unlock(&cache);
	return unused;
}

static void child_run(void)
{
	for (unsigned i = 0; i < 3; i++)
		thread_start_detached(child_work, NULL);
	sleep_ms(RUN_MS - 600);
	_exit(0);
}

static void start(bool leak)
{
	pthread_t refresher = thread_start(cache_refresh, NULL);
	sleep_ms(20);
	if (!leak)
		pthread_mutex_lock(&cache);
	pid_t child = fork();
	must(child >= 0, "fork");
	if (child == 0) {
		if (!leak)
			pthread_mutex_init(&cache, NULL);
		child_run();
	}
	if (!leak)
		pthread_mutex_unlock(&cache);
	pthread_join(refresher, NULL);
}

const struct pattern pattern = {
	.start = start,
	.company = COMPANY_POOL | COMPANY_BURST,
};
