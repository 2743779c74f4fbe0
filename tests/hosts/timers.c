/*
 * timers.c - a process of one thread that makes N POSIX timers (16 if not said) which never fire, prints
 * "ready", and stays until a signal ends it. SIGUSR1 adds one more timer and prints "more".
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int timer_add(void)
{
	struct sigevent none = {.sigev_notify = SIGEV_NONE};
	const struct itimerspec once = {.it_value.tv_sec = 100000};
	timer_t timer;
	if (timer_create(CLOCK_MONOTONIC, &none, &timer) != 0)
		return -1;
	return timer_settime(timer, 0, &once, NULL);
}

static void say(const char *word)
{
	puts(word);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 16, signal;
	sigset_t usr1;
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	for (int i = 0; i < count; i++)
		if (timer_add() != 0)
			return 1;
	say("ready");
	while (sigwait(&usr1, &signal) == 0) {
		if (timer_add() != 0)
			return 1;
		say("more");
	}
	return 0;
}
