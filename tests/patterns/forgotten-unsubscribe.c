/*
 * forgotten-unsubscribe.c - subscribers taken from the list of a publisher, but not told.
 *
 * class: channel
 * cause: the unsubscription removes the channel and does not close it
 * expect: growing|never woken|orphaned
 * where: subscriber_run
 * unreachable: yes
 */
#include "demos/channel.h"
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

static void *subscriber_run(void *news)
{
	int item;
	while (channel_receive(news, &item, NULL) == CHANNEL_OK)
		;
	channel_release(news);
	return NULL;
}

static void publish(struct channel *news)
{
	for (int item = 0; item < 5; item++) {
		channel_send(news, &item, NULL);
		sleep_ms(2);
	}
}

static void request(bool leak)
{
	struct channel *news = channel_make(sizeof(int), 1);
	thread_start_detached(subscriber_run, channel_share(news));
	publish(news);
	if (!leak)
		channel_close(news);
	channel_release(news);
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_BATCH | COMPANY_HEARTBEAT,
};
