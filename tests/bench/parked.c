/*
 * parked.c - N threads, each D frames deep in pthread_cond_wait; says "ready" and waits for its input to
 * close. Usage: parked N D
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER, arrived = PTHREAD_COND_INITIALIZER;
static int parked, depth;

static void park(void)
{
	pthread_mutex_lock(&mutex);
	parked++;
	pthread_cond_signal(&arrived);
	while (parked)
		pthread_cond_wait(&never, &mutex);
	pthread_mutex_unlock(&mutex);
}

static __attribute__((noinline)) void descend(int left)
{
	volatile int kept = left;
	if (left == 0)
		park();
	else
		descend(left - 1);
	kept--;
}

static void *worker(void *unused)
{
	descend(depth);
	return unused;
}

static void spawn(int count)
{
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 64 << 10);
	for (int i = 0; i < count; i++) {
		pthread_t thread;
		if (pthread_create(&thread, &attributes, worker, NULL) != 0) {
			perror("parked: pthread_create");
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 100;
	depth = argc > 2 ? atoi(argv[2]) : 9;
	spawn(count);
	pthread_mutex_lock(&mutex);
	while (parked < count)
		pthread_cond_wait(&arrived, &mutex);
	pthread_mutex_unlock(&mutex);
	puts("ready");
	fflush(stdout);
	char byte;
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
