/*
 * eintr.c - waits that signals interrupt, and only they: with a timer that fires, each kind of wait ends
 * with EINTR as often as signals came; without one, never, however many dumps are taken.
 */
#include "tests/hostile/hostile.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/time.h>

#define KINDS 8

static sem_t never;
static int epoll, pair[2];
static volatile int signals;

static void on_signal(int number)
{
	(void)number;
	signals++;
}

/* 200 ms, unless interrupted. */
static int wait_once(int kind)
{
	struct timespec time = {0, 200000000}, until;
	struct timeval limit = {0, 200000};
	struct epoll_event event;
	char byte;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += (until.tv_nsec + 200000000) / 1000000000;
	until.tv_nsec = (until.tv_nsec + 200000000) % 1000000000;
	errno = 0;
	switch (kind) {
	case 0:
		return poll(NULL, 0, 200);
	case 1:
		return epoll_wait(epoll, &event, 1, 200);
	case 2:
		return select(0, NULL, NULL, NULL, &limit);
	case 3:
		return nanosleep(&time, NULL);
	case 4:
		return sem_timedwait(&never, &until);
	case 5:
		return (int)recv(pair[0], &byte, 1, 0); /* with SO_RCVTIMEO */
	case 6:
		return usleep(200000);
	case 7:
		errno = clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
		return errno ? -1 : 0;
	}
	return 0;
}

static void *sleep_on(void *unused)
{
	for (;;)
		sem_wait(&never);
	return unused;
}

int main(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	struct itimerval timer = {{0, 20000}, {0, 20000}}, none = {{0, 0}, {0, 0}};
	struct timeval limit = {0, 200000};
	pthread_t thread;
	sigset_t alarm;
	sem_init(&never, 0, 0);
	epoll = epoll_create1(0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	MUST(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
	sigaction(SIGALRM, &action, NULL);
	/* Signals to this thread alone. */
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarm, NULL);
	for (int i = 0; i < 50; i++)
		MUST(pthread_create(&thread, NULL, sleep_on, NULL) == 0);
	pthread_sigmask(SIG_UNBLOCK, &alarm, NULL);

	for (int kind = 0; kind < KINDS; kind++) {
		int result = wait_once(kind);
		printf("quiet %d: %d %s\n", kind, result, strerrorname_np(errno));
	}
	setitimer(ITIMER_REAL, &timer, NULL);
	for (int kind = 0; kind < KINDS; kind++) {
		int interrupted = 0;
		for (int i = 0; i < 8; i++)
			interrupted += wait_once(kind) < 0 && errno == EINTR;
		printf("signals %d: interrupted %d\n", kind, interrupted);
	}
	setitimer(ITIMER_REAL, &none, NULL);
	printf("signals: %d\n", signals >= KINDS * 8);
	return 0;
}
