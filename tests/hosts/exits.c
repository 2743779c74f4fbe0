/*
 * exits.c - ways to end a program, with threads left or not: exits MODE.
 *
 *	late	a detached thread ends 300 ms after main has returned
 *	thread	a thread calls exit() while main joins it
 *	server	forks three children; the second leaves a thread behind
 *	quick	ends by _exit() with a thread alive
 *	unjoined	a finished thread was not joined
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHILDREN 3

static void *work(void *unused)
{
	const struct timespec time = {0, 300000000};
	nanosleep(&time, NULL);
	return unused;
}

static void *hang(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void *leave(void *unused)
{
	(void)unused;
	exit(0);
}

static pthread_t start(void *(*routine)(void *))
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, routine, NULL) != 0)
		abort();
	return thread;
}

static void child(int number)
{
	if (number == 1)
		pthread_detach(start(hang));
	else
		pthread_join(start(work), NULL);
	exit(0);
}

int main(int argc, char **argv)
{
	const char *mode = argc == 2 ? argv[1] : "";
	if (!strcmp(mode, "late")) {
		pthread_detach(start(work));
		return 0;
	}
	if (!strcmp(mode, "thread")) {
		pthread_join(start(leave), NULL);
		return 1;
	}
	if (!strcmp(mode, "server")) {
		for (int i = 0; i < CHILDREN; i++)
			if (!fork())
				child(i);
		while (wait(NULL) > 0)
			;
		return 0;
	}
	if (!strcmp(mode, "quick")) {
		start(hang);
		work(NULL);
		_exit(0);
	}
	if (!strcmp(mode, "unjoined")) {
		start(work);
		work(NULL);
		work(NULL);
		return 0;
	}
	fputs("usage: exits MODE\n", stderr);
	return 2;
}
