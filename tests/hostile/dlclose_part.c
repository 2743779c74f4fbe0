/*
 * dlclose_part.c - a library of dlclose.c. build: -shared -fPIC
 */
#include "tests/hostile/hostile.h"

int part_wait(int turn);

static sem_t never;

static void *nothing(void *argument)
{
	return argument;
}

static __attribute__((noinline)) int wait_deep(int depth)
{
	struct timespec past = {0, 0}, little = {0, 300000};
	if (depth)
		return wait_deep(depth - 1) + 1;
	sem_timedwait(&never, &past);
	nanosleep(&little, NULL);
	return 1;
}

int part_wait(int turn)
{
	pthread_t thread;
	timer_t timer;
	struct sigevent event = {.sigev_notify = SIGEV_NONE};
	sem_init(&never, 0, 0);
	MUST(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
	MUST(pthread_create(&thread, NULL, nothing, NULL) == 0);
	int depth = wait_deep(turn % 10);
	MUST(pthread_join(thread, NULL) == 0);
	MUST(timer_delete(timer) == 0);
	return depth == turn % 10 + 1;
}
