/*
 * forks.c - a process with three parked threads that forks. The child says "child PID" and, at SIGUSR1,
 * creates two threads of its own that park, says "grown", and at SIGTERM exits with 5. The parent says "parent" and,
 * when the child has ended, "child exited CODE"; it stays until a signal ends it.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t arrived = PTHREAD_COND_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static int waiting;

static void *park(void *unused)
{
	pthread_mutex_lock(&lock);
	waiting++;
	pthread_cond_signal(&arrived);
	for (;;)
		pthread_cond_wait(&never, &lock);
	return unused;
}

static void *child_park(void *unused)
{
	return park(unused);
}

static void park_threads(void *(*routine)(void *), int count)
{
	pthread_mutex_lock(&lock);
	waiting = 0;
	for (int i = 0; i < count; i++) {
		pthread_t thread;
		if (pthread_create(&thread, NULL, routine, NULL) != 0)
			exit(1);
	}
	while (waiting < count)
		pthread_cond_wait(&arrived, &lock);
	pthread_mutex_unlock(&lock);
}

static void say(const char *format, int number)
{
	printf(format, number);
	putchar('\n');
	fflush(stdout);
}

static void child_run(const sigset_t *signals)
{
	/* What the parent's threads waited on was copied with them in it. */
	static const pthread_cond_t fresh = PTHREAD_COND_INITIALIZER;
	int signal;
	arrived = never = fresh;
	say("child %d", (int)getpid());
	while (sigwait(signals, &signal) == 0 && signal != SIGTERM) {
		park_threads(child_park, 2);
		say("grown", 0);
	}
	exit(5);
}

int main(void)
{
	sigset_t signals;
	int status;
	park_threads(park, 3);
	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	pid_t child = fork();
	if (child == 0)
		child_run(&signals);
	sigprocmask(SIG_UNBLOCK, &signals, NULL);
	say("parent", 0);
	if (waitpid(child, &status, 0) != child)
		return 1;
	say("child exited %d", WEXITSTATUS(status));
	pause();
	return 0;
}
