/*
 * threaded.h - a small program with threads of every common kind, for builds of every kind: sanitizers,
 * other preloads.
 */
#ifndef HOSTILE_THREADED_H
#define HOSTILE_THREADED_H

#include "tests/hostile/hostile.h"

#include <poll.h>

#define WORKERS 4
#define ITEMS	400

static pthread_mutex_t threaded_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t threaded_cond = PTHREAD_COND_INITIALIZER;
static sem_t threaded_done, threaded_go;
static int threaded_items, threaded_sum, threaded_parked;

static void *threaded_work(void *unused)
{
	for (;;) {
		pthread_mutex_lock(&threaded_lock);
		while (!threaded_items)
			pthread_cond_wait(&threaded_cond, &threaded_lock);
		int item = threaded_items--;
		char *copy = (char *)malloc((size_t)item);
		memset(copy, item, (size_t)item);
		threaded_sum += copy[item - 1] & 1;
		free(copy);
		pthread_mutex_unlock(&threaded_lock);
		sem_post(&threaded_done);
		if (item <= WORKERS)
			break;
	}
	return unused;
}

__attribute__((noinline)) static void threaded_park(void)
{
	pthread_mutex_lock(&threaded_lock);
	threaded_parked++;
	pthread_mutex_unlock(&threaded_lock);
	sem_wait(&threaded_go);
	__asm__ volatile("");
}

static void *threaded_sleep(void *unused)
{
	threaded_park();
	return unused;
}

static int threaded_main(void)
{
	pthread_t threads[WORKERS], sleeper;
	int parked = 0;
	sem_init(&threaded_done, 0, 0);
	sem_init(&threaded_go, 0, 0);
	MUST(pthread_create(&sleeper, NULL, threaded_sleep, NULL) == 0);
	for (int i = 0; i < WORKERS; i++)
		MUST(pthread_create(&threads[i], NULL, threaded_work, NULL) == 0);
	pthread_mutex_lock(&threaded_lock);
	threaded_items = ITEMS;
	pthread_cond_broadcast(&threaded_cond);
	pthread_mutex_unlock(&threaded_lock);
	for (int i = 0; i < ITEMS; i++)
		MUST(sem_wait(&threaded_done) == 0);
	for (int i = 0; i < WORKERS; i++)
		MUST(pthread_join(threads[i], NULL) == 0);
	while (!parked) {
		pthread_mutex_lock(&threaded_lock);
		parked = threaded_parked;
		pthread_mutex_unlock(&threaded_lock);
		poll(NULL, 0, 20);
	}
	dump_here();
	sem_post(&threaded_go);
	MUST(pthread_join(sleeper, NULL) == 0);
	printf("sum %d\n", threaded_sum);
	return 0;
}

#endif
