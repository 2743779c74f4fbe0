/*
 * parked.c - starts N threads (3 if not said) that wait on a condition variable that nobody signals,
 * prints "ready" when all of them wait, and stays until a signal ends it.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t arrived = PTHREAD_COND_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static int waiting;

static void *park(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&lock);
	waiting++;
	pthread_cond_signal(&arrived);
	for (;;)
		pthread_cond_wait(&never, &lock);
	return NULL;
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 3;
	for (int i = 0; i < count; i++) {
		pthread_t thread;
		if (pthread_create(&thread, NULL, park, NULL) != 0)
			return 1;
	}
	pthread_mutex_lock(&lock);
	while (waiting < count)
		pthread_cond_wait(&arrived, &lock);
	pthread_mutex_unlock(&lock);
	puts("ready");
	fflush(stdout);
	pause();
	return 0;
}
