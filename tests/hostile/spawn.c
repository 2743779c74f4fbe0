/*
 * spawn.c - vfork() and exec, posix_spawn(), system(), popen(), from several threads at once while others
 * wait.
 */
#include "tests/hostile/hostile.h"

#include <spawn.h>
#include <stdatomic.h>

#define THREADS 3
#define ROUNDS	40

extern char **environ;
static atomic_int right;

static pid_t vfork_true(int good)
{
	char *const arguments[] = {"true", NULL};
	pid_t child = vfork();
	if (child == 0) {
		/* Waits of the child run on the parent's memory. */
		struct timespec little = {0, 1000};
		nanosleep(&little, NULL);
		execve(good ? "/bin/true" : "/no/such", arguments, environ);
		_exit(42);
	}
	return child;
}

static void *spawn(void *unused)
{
	char *const arguments[] = {"sh", "-c", "exit 7", NULL};
	for (int i = 0; i < ROUNDS; i++) {
		int status;
		pid_t child = vfork_true(i % 2);
		MUST(waitpid(child, &status, 0) == child);
		right += WIFEXITED(status) && WEXITSTATUS(status) == (i % 2 ? 0 : 42);
		if (i % 8)
			continue;
		MUST(posix_spawn(&child, "/bin/sh", NULL, NULL, arguments, environ) == 0);
		MUST(waitpid(child, &status, 0) == child);
		right += WIFEXITED(status) && WEXITSTATUS(status) == 7;
	}
	return unused;
}

static void *sleep_on(void *unused)
{
	pause();
	return unused;
}

int main(void)
{
	pthread_t threads[THREADS], sleeper;
	char line[64] = "";
	MUST(pthread_create(&sleeper, NULL, sleep_on, NULL) == 0);
	for (int i = 0; i < THREADS; i++)
		MUST(pthread_create(&threads[i], NULL, spawn, NULL) == 0);
	for (int i = 0; i < 5; i++) {
		printf("system: %d\n", WEXITSTATUS(system("exit 5")));
		FILE *pipe = popen("echo popened; exit 6", "r");
		MUST(pipe && fgets(line, sizeof line, pipe));
		printf("%s", line);
		printf("pclose: %d\n", WEXITSTATUS(pclose(pipe)));
	}
	for (int i = 0; i < THREADS; i++)
		MUST(pthread_join(threads[i], NULL) == 0);
	printf("right: %d\n", right);
	return 0;
}
