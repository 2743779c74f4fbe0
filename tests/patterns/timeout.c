/*
 * timeout.c - a request gives up on a slow helper, which then sends to nobody.
 *
 * class: channel
 * cause: after the time limit nobody receives from the unbuffered channel
 * expect: growing|never woken
 * where: slow_answer
 * unreachable: yes
 */
#include "demos/channel.h"
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

static void *slow_answer(void *channel)
{
	int result = 1;
	sleep_ms(30);
	channel_send(channel, &result, NULL);
	channel_release(channel);
	return NULL;
}

static void request(bool leak)
{
	struct context *limit = context_make_timeout(NULL, 10 * 1000000);
	struct channel *channel = channel_make(sizeof(int), leak ? 0 : 1);
	int result;
	thread_start_detached(slow_answer, channel_share(channel));
	channel_receive(channel, &result, limit);
	channel_release(channel);
	context_free(limit);
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_NETWORK,
};
