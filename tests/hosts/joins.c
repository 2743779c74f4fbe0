/*
 * joins.c - creates threads and joins or detaches each at once, after its end or before it: every one of
 * them, so that none is left unjoined. With a number it leaves that many; with "wait" it does nothing but join
 * a thread that does not end.
 */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define EACH 300

static void *end(void *unused)
{
	return unused;
}

static void *end_later(void *sem)
{
	sem_wait(sem);
	return NULL;
}

static int end_c11(void *unused)
{
	(void)unused;
	return 0;
}

static pthread_t create(void *(*start)(void *), void *argument)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, start, argument))
		exit(1);
	return thread;
}

/* Until the thread has ended for certain: its handle says so without joining it. */
static void await_end(pthread_t thread)
{
	while (pthread_kill(thread, 0) == 0) {
		clockid_t clock;
		if (pthread_getcpuclockid(thread, &clock))
			break;
		struct timespec used;
		if (clock_gettime(clock, &used))
			break;
		usleep(100);
	}
}

int main(int argc, char **argv)
{
	sem_t sem;
	thrd_t c11;
	sem_init(&sem, 0, 0);
	if (argc > 1 && strcmp(argv[1], "wait") == 0)
		return pthread_join(create(end_later, &sem), NULL);
	for (int i = 0; i < EACH; i++) {
		pthread_join(create(end, NULL), NULL);
		pthread_detach(create(end, NULL));
		pthread_t joined = create(end, NULL), detached = create(end, NULL);
		await_end(joined);
		await_end(detached);
		pthread_join(joined, NULL);
		pthread_detach(detached);
		pthread_detach(create(end_later, &sem));
		joined = create(end_later, &sem);
		pthread_t timed = create(end_later, &sem);
		for (int post = 0; post < 3; post++)
			sem_post(&sem);
		struct timespec later = {4102444800, 0};
		pthread_timedjoin_np(timed, NULL, &later);
		while (pthread_tryjoin_np(joined, NULL))
			usleep(100);
		if (thrd_create(&c11, end_c11, NULL) != thrd_success ||
			thrd_join(c11, NULL) != thrd_success)
			return 1;
		if (thrd_create(&c11, end_c11, NULL) != thrd_success ||
			thrd_detach(c11) != thrd_success)
			return 1;
	}
	for (int i = 0; argc > 1 && i < atoi(argv[1]); i++)
		await_end(create(end, NULL));
	return 0;
}
