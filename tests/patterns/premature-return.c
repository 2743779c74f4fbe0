/*
 * premature-return.c - a request that returns on an error before it receives its helper's result.
 *
 * class: channel
 * cause: nobody receives any more from the unbuffered channel that the helper sends on
 * expect: growing|never woken
 * where: result_send
 * unreachable: yes
 */
#include "demos/channel.h"
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

static void *result_send(void *channel)
{
	int result = 42;
	sleep_ms(5);
	channel_send(channel, &result, NULL);
	channel_release(channel);
	return NULL;
}

static bool input_is_valid(void)
{
	static unsigned requests;
	return requests++ % 2;
}

static void request(bool leak)
{
	struct channel *channel = channel_make(sizeof(int), leak ? 0 : 1);
	int result;
	thread_start_detached(result_send, channel_share(channel));
	if (input_is_valid())
		channel_receive(channel, &result, NULL);
	channel_release(channel);
}

const struct pattern pattern = {
	.request = request,
	.requests = 55,
	.company = COMPANY_SERVICE,
};
