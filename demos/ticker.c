/*
 * ticker.c - timer_create with SIGEV_THREAD_ID, and sigwaitinfo.
 *
 * The signal is blocked in the ticker's thread alone, which is enough as it is sent to that thread. A
 * cancellation sends the same signal with pthread_kill; its si_code tells it from a tick.
 */
#include "demos/ticker.h"
#include "demos/object.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS 1000000000u

/* glibc 2.36 does not name this member of struct sigevent. */
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

struct ticker {
	timer_t timer;
	pthread_t thread;
	sigset_t tick; /* the one signal */
	sigset_t before; /* the thread's mask before the ticker */
};

static int timer_start(struct ticker *ticker, uint64_t period_ns)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN};
	struct timespec period = {
		.tv_sec = (time_t)(period_ns / SECOND_NS),
		.tv_nsec = (long)(period_ns % SECOND_NS),
	};
	struct itimerspec times = {.it_interval = period, .it_value = period};

	event.sigev_notify_thread_id = gettid();
	if (timer_create(CLOCK_MONOTONIC, &event, &ticker->timer) < 0)
		return -1;
	return timer_settime(ticker->timer, 0, &times, NULL);
}

struct ticker *ticker_start(uint64_t period_ns)
{
	struct ticker *ticker = object_alloc(sizeof *ticker);
	ticker->thread = pthread_self();
	sigemptyset(&ticker->tick);
	sigaddset(&ticker->tick, SIGRTMIN);
	pthread_sigmask(SIG_BLOCK, &ticker->tick, &ticker->before);
	if (timer_start(ticker, period_ns) == 0)
		return ticker;
	pthread_sigmask(SIG_SETMASK, &ticker->before, NULL);
	object_free(ticker);
	return NULL;
}

static void wake(void *argument)
{
	struct ticker *ticker = argument;
	pthread_kill(ticker->thread, SIGRTMIN);
}

bool ticker_next(struct ticker *ticker, struct context *context)
{
	struct context_watch watch = {.cancelled = wake, .argument = ticker};
	siginfo_t info = {.si_code = 0};

	context_watch(context, &watch);
	while (!context_done(context) && info.si_code != SI_TIMER)
		sigwaitinfo(&ticker->tick, &info);
	context_unwatch(context, &watch);
	return !context_done(context);
}

void ticker_stop(struct ticker *ticker)
{
	const struct timespec now = {0, 0};
	timer_delete(ticker->timer);
	/* A last signal may be pending, and its default action would end the process. */
	while (sigtimedwait(&ticker->tick, NULL, &now) > 0)
		continue;
	pthread_sigmask(SIG_SETMASK, &ticker->before, NULL);
	object_free(ticker);
}
