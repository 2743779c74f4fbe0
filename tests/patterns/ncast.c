/*
 * ncast.c - three replicas are asked, and only the first answer is taken.
 *
 * class: channel
 * cause: the channel has no room for the answers that lose
 * expect: growing|never woken
 * where: replica_ask
 * unreachable: yes
 */
#include "demos/channel.h"
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#define REPLICAS 3

static void *replica_ask(void *channel)
{
	int answer = 7;
	channel_send(channel, &answer, NULL);
	channel_release(channel);
	return NULL;
}

static void request(bool leak)
{
	struct channel *channel = channel_make(sizeof(int), leak ? 0 : REPLICAS);
	int answer;
	for (unsigned i = 0; i < REPLICAS; i++)
		thread_start_detached(replica_ask, channel_share(channel));
	channel_receive(channel, &answer, NULL);
	channel_release(channel);
}

const struct pattern pattern = {
	.request = request,
	.requests = 25,
	.company = COMPANY_BATCH,
};
