/*
 * endings.c - processes with two thousand waiting threads, of which dumps are taken without a pause, end
 * in every manner.
 */
#include "tests/hostile/hostile.h"

#include <sys/resource.h>

#define THREADS 2000

static sem_t never;

static void *park(void *unused)
{
	for (;;)
		sem_wait(&never);
	return unused;
}

static void *dump_on(void *unused)
{
	for (;;)
		dump_here();
	return unused;
}

static void at_exit(void)
{
	static const char said[] = "exit handler\n";
	if (write(1, said, strlen(said)) < 0)
		_exit(98);
}

static void threads_make(void)
{
	pthread_attr_t small;
	pthread_t thread;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 32768);
	sem_init(&never, 0, 0);
	for (int i = 0; i < THREADS; i++)
		MUST(pthread_create(&thread, &small, park, NULL) == 0);
	if (shim_is_here())
		MUST(pthread_create(&thread, NULL, dump_on, NULL) == 0);
	pause_ms(60);
}

static void *exit_there(void *unused)
{
	exit(7);
	return unused;
}

static volatile int *volatile nowhere;

static void end(int how)
{
	pthread_t thread;
	switch (how) {
	case 0:
		exit(1);
	case 1:
		_exit(2);
	case 2:
		quick_exit(3);
	case 3:
		abort();
	case 4:
		kill(getpid(), SIGKILL);
		pause();
		break;
	case 5:
		kill(getpid(), SIGTERM);
		pause();
		break;
	case 6:
		*nowhere = 0;
		break;
	case 7:
		pthread_create(&thread, NULL, exit_there, NULL);
		pthread_exit(NULL);
	}
}

int main(void)
{
	struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	for (int how = 0; how < 8; how++) {
		pid_t child = fork();
		if (child == 0) {
			atexit(at_exit);
			threads_make();
			end(how);
		}
		child_report("ended", child);
	}
	return 0;
}
