/*
 * signal-thread.c - a thread that waits for a signal, made again for each child that is started.
 *
 * class: thread
 * cause: the thread is not ended when its child has
 * expect: growing
 * where: child_signals_await
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <signal.h>

static sigset_t set;

static void *child_signals_await(void *unused)
{
	int signal;
	sigwait(&set, &signal);
	return unused;
}

static void start(bool leak)
{
	(void)leak;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void request(bool leak)
{
	pthread_t waiter = thread_start(child_signals_await, NULL);
	if (leak) {
		pthread_detach(waiter);
		return;
	}
	pthread_kill(waiter, SIGUSR2);
	pthread_join(waiter, NULL);
}

const struct pattern pattern = {
	.start = start,
	.request = request,
	.company = COMPANY_SERVICE | COMPANY_SIGNALS,
};
