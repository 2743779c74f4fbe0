/*
 * ignored-cancel.c - a context is cancelled, but the worker's receive does not look at it.
 *
 * class: channel
 * cause: the context is not handed down to the receive
 * expect: growing|never woken
 * where: event_follow
 * unreachable: yes
 */
#include "demos/channel.h"
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

struct follower {
	struct channel *events;
	struct context *context;
	bool leak;
};

static void *event_follow(void *argument)
{
	struct follower *follower = argument;
	int event;
	channel_receive(follower->events, &event, follower->leak ? NULL : follower->context);
	return NULL;
}

static void request(bool leak)
{
	struct follower *follower = memory_make(sizeof *follower);
	*follower = (struct follower){channel_make(sizeof(int), 0), context_make(NULL), leak};
	thread_start_detached(event_follow, follower);
	sleep_ms(2);
	context_cancel(follower->context);
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_LOCKS | COMPANY_TICKER,
};
