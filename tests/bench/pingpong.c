/*
 * pingpong.c - two threads hand a turn to each other over condition variables for S seconds; prints the
 * percentiles of a round trip: "p50 NS", "p99 NS", "p99.9 NS". Usage: pingpong S N [MIB [pinned]], with N parked threads
 * beside them, and a heap of so many MiB in linked blocks. "ready" is said when all is made. With 0 for S nobody plays,
 * and the program stays until it is killed. Pinned, the two share the first processor, so that others may have the rest.
 */
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SAMPLES_MAX 4000000
#define BLOCK_BYTES 1008

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER, never = PTHREAD_COND_INITIALIZER;
static int turn, over;
static uint32_t *samples;

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void *parked(void *unused)
{
	pthread_mutex_lock(&mutex);
	while (!over)
		pthread_cond_wait(&never, &mutex);
	pthread_mutex_unlock(&mutex);
	return unused;
}

static void *partner(void *unused)
{
	pthread_mutex_lock(&mutex);
	while (!over) {
		while (turn != 1 && !over)
			pthread_cond_wait(&turned, &mutex);
		turn = 0;
		pthread_cond_signal(&turned);
	}
	pthread_mutex_unlock(&mutex);
	return unused;
}

static void round_trip(void)
{
	pthread_mutex_lock(&mutex);
	turn = 1;
	pthread_cond_signal(&turned);
	while (turn != 0)
		pthread_cond_wait(&turned, &mutex);
	pthread_mutex_unlock(&mutex);
}

static void **heap;

static void heap_make(size_t mib)
{
	for (size_t blocks = mib << 10; blocks; blocks--) {
		void **block = malloc(BLOCK_BYTES);
		if (!block)
			exit(2);
		memset(block, 1, BLOCK_BYTES);
		block[0] = heap;
		heap = block;
	}
}

static int smaller_first(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
	return (left > right) - (left < right);
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 3;
	int count = argc > 2 ? atoi(argv[2]) : 0;
	pthread_attr_t attributes;
	pthread_t thread;
	heap_make(argc > 3 ? (size_t)atol(argv[3]) : 0);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 64 << 10);
	for (int i = 0; i < count; i++)
		if (pthread_create(&thread, &attributes, parked, NULL) != 0)
			return perror("pingpong: pthread_create"), 2;
	cpu_set_t first;
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (argc > 4)
		sched_setaffinity(0, sizeof first, &first); /* the partner inherits it */
	if (pthread_create(&thread, NULL, partner, NULL) != 0)
		return perror("pingpong: pthread_create"), 2;
	fprintf(stderr, "ready\n");
	while (seconds <= 0)
		pause();
	samples = calloc(SAMPLES_MAX, sizeof *samples);
	uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);
	size_t taken = 0;
	for (uint64_t before = now_ns(); before < end && taken < SAMPLES_MAX;) {
		round_trip();
		uint64_t after = now_ns();
		samples[taken++] = (uint32_t)(after - before);
		before = after;
	}
	qsort(samples, taken, sizeof *samples, smaller_first);
	printf("p50 %u\np99 %u\np99.9 %u\n", samples[taken / 2], samples[taken * 99 / 100],
		samples[taken * 999 / 1000]);
	return 0;
}
