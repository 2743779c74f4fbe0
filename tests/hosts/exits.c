/*
 * exits.c - ways to end a program, with threads left or not: exits MODE.
 *
 *	late	a detached thread ends 300 ms after main has returned
 *	thread	a thread calls exit() while main joins it
 *	server	forks three children; the second leaves a thread behind
 *	outlive	forks a child that leaves a thread behind, 300 ms after the parent has ended
 *	daemon	forks a child that stays, and prints its process id
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

static void *outlive(void *unused)
{
	work(NULL);
	exit(0);
	return unused;
}

/* Ends when its child, which has a thread more, is watched: then its socket is there. */
static int parent(void *(*childs)(void *))
{
	char path[4096];
	pid_t pid = fork();
	if (!pid) {
		pthread_detach(start(hang));
		childs(NULL);
	}
	printf("%d\n", (int)pid);
	fflush(stdout);
	snprintf(path, sizeof path, "%s/%d.sock", getenv("LEAKWATCH_DIR"), (int)pid);
	while (access(path, F_OK) != 0)
		usleep(1000);
	return 0;
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
	if (!strcmp(mode, "outlive"))
		return parent(outlive);
	if (!strcmp(mode, "daemon"))
		return parent(hang);
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
