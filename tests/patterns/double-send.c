/*
 * double-send.c - an error is sent, and for want of a return the result too.
 *
 * class: channel
 * cause: the receiver takes one element only
 * expect: growing|never woken|orphaned
 * where: lookup_run
 * unreachable: yes
 */
#include "demos/channel.h"
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

struct lookup {
	struct channel *channel;
	bool leak;
};

static void *lookup_run(void *argument)
{
	struct lookup *lookup = argument;
	int error = -1, result = 0;
	channel_send(lookup->channel, &error, NULL);
	if (lookup->leak)
		channel_send(lookup->channel, &result, NULL);
	channel_release(lookup->channel);
	return NULL;
}

static void request(bool leak)
{
	struct lookup *lookup = memory_make(sizeof *lookup);
	struct channel *channel = channel_make(sizeof(int), 0);
	int answer;
	*lookup = (struct lookup){channel_share(channel), leak};
	thread_start_detached(lookup_run, lookup);
	channel_receive(channel, &answer, NULL);
	channel_release(channel);
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_LOCKS,
};
