/*
 * early_part.c - the preload of early.c. build: -shared -fPIC
 */
#include "tests/hostile/hostile.h"

int early_count(void);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static volatile int tids[2];
static int started;

static __attribute__((noinline)) void early_park(void)
{
	pthread_mutex_lock(&lock);
	for (;;)
		pthread_cond_wait(&never, &lock);
}

static void *early_run(void *tid)
{
	*(volatile int *)tid = thread_id();
	early_park();
	return NULL;
}

__attribute__((constructor)) static void early(void)
{
	for (int i = 0; i < 2; i++) {
		pthread_t thread;
		MUST(pthread_create(&thread, NULL, early_run, (void *)&tids[i]) == 0);
		until_parked(&tids[i]);
		started++;
	}
}

int early_count(void)
{
	return started;
}
