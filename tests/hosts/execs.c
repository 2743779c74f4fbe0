/*
 * execs.c - parks three threads, says "ready", and at SIGUSR1 becomes another program:
 *
 *	execs main|thread PROGRAM ARGUMENT...
 *
 * The word says which thread calls execv(): the main thread, or one of the others.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void *park(void *unused)
{
	pause();
	return unused;
}

static void *become(void *argv)
{
	sigset_t usr1;
	int signal;
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigwait(&usr1, &signal);
	execv(((char **)argv)[2], (char **)argv + 2);
	perror("execv");
	_exit(1);
}

int main(int argc, char **argv)
{
	sigset_t usr1;
	if (argc < 3)
		return 2;
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	int in_main = strcmp(argv[1], "main") == 0;
	for (int i = 0; i < 3; i++) {
		pthread_t thread;
		if (pthread_create(&thread, NULL, i == 0 && !in_main ? become : park, argv) != 0)
			return 1;
	}
	puts("ready");
	fflush(stdout);
	if (in_main)
		become(argv);
	for (;;)
		pause();
}
