/*
 * cancel_async.c - threads that may be cancelled at any instruction, also of the shim's, while they
 * compute or go in and out of waits.
 */
#include "tests/hostile/hostile.h"

static sem_t ready;
static volatile unsigned work;

static void *compute(void *unused)
{
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	sem_post(&ready);
	for (;;)
		work++;
	return unused;
}

static void *wait_often(void *unused)
{
	struct timespec past = {0, 0};
	sem_t never;
	sem_init(&never, 0, 0);
	sem_post(&ready);
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	for (;;)
		sem_timedwait(&never, &past);
	return unused;
}

int main(void)
{
	int cancelled = 0;
	sem_init(&ready, 0, 0);
	for (int i = 0; i < 600; i++) {
		pthread_t thread;
		void *result;
		MUST(pthread_create(&thread, NULL, i % 3 ? wait_often : compute, NULL) == 0);
		sem_wait(&ready);
		for (volatile int spin = 0; spin < i * 37 % 5000; spin++)
			;
		MUST(pthread_cancel(thread) == 0);
		MUST(pthread_join(thread, &result) == 0);
		cancelled += result == PTHREAD_CANCELED;
	}
	printf("cancelled %d\n", cancelled);
	return 0;
}
