/*
 * send-under-lock.c - sends on a channel while it holds the lock that the receiver takes first.
 *
 * class: channel
 * cause: lock and channel are taken in opposite orders
 * expect: growing|stalled|deadlock|never woken
 * where: event_send|event_handle
 * unreachable: no
 */
#include "demos/channel.h"
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

static pthread_mutex_t state = PTHREAD_MUTEX_INITIALIZER;
static struct channel *events;
static bool leaks;

static void *event_send(void *unused)
{
	int event = 1;
	pthread_mutex_lock(&state);
	if (!leaks)
		pthread_mutex_unlock(&state);
	channel_send(events, &event, NULL);
	if (leaks)
		pthread_mutex_unlock(&state);
	return unused;
}

static void *event_handle(void *unused)
{
	int event;
	for (;;) {
		pthread_mutex_lock(&state);
		sleep_ms(1);
		pthread_mutex_unlock(&state);
		channel_receive(events, &event, NULL);
	}
	return unused;
}

static void start(bool leak)
{
	leaks = leak;
	events = channel_make(sizeof(int), 0);
	thread_start_detached(event_handle, NULL);
}

static void request(bool leak)
{
	(void)leak;
	thread_start_detached(event_send, NULL);
	thread_start_detached(event_send, NULL);
}

const struct pattern pattern = {
	.start = start,
	.request = request,
	.company = COMPANY_LOCKS,
};
