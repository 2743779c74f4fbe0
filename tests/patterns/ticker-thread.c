/*
 * ticker-thread.c - each session has a ticker with a thread, which does not end with the session.
 *
 * class: timer
 * cause: the ticker is not stopped
 * expect: timer leak|growing
 * where: ticks_read|session_ticker_start|request
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct session {
	int timer;
	atomic_bool ended;
};

static void *ticks_read(void *argument)
{
	struct session *session = argument;
	uint64_t ticks;
	while (!session->ended && read(session->timer, &ticks, sizeof ticks) == sizeof ticks)
		;
	close(session->timer);
	return NULL;
}

static void session_ticker_start(struct session *session)
{
	struct itimerspec period = {{0, 25000000}, {0, 25000000}};
	session->timer = timerfd_create(CLOCK_MONOTONIC, 0);
	must(timerfd_settime(session->timer, 0, &period, NULL) == 0, "timerfd");
	thread_start_detached(ticks_read, session);
}

static void request(bool leak)
{
	struct session *session = memory_make(sizeof *session);
	session_ticker_start(session);
	sleep_ms(5);
	session->ended = !leak;
}

const struct pattern pattern = {
	.request = request,
	.requests = 53,
	.company = COMPANY_TICKER | COMPANY_BATCH,
};
