/*
 * dead-logger.c - requests log through a bounded queue; the logger ends after a write error.
 *
 * class: channel
 * cause: nobody takes from the full queue any more
 * expect: growing|orphaned|never woken|stalled
 * where: message_log
 * unreachable: no
 */
#include "demos/channel.h"
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

static struct channel *messages;

static void *logger_run(void *leak)
{
	int message;
	for (unsigned i = 0; !leak || i < 5; i++)
		channel_receive(messages, &message, NULL);
	return NULL;
}

static void *message_log(void *unused)
{
	int message = 1;
	channel_send(messages, &message, NULL);
	return unused;
}

static void start(bool leak)
{
	messages = channel_make(sizeof(int), 4);
	thread_start_detached(logger_run, leak ? &messages : NULL);
}

static void request(bool leak)
{
	(void)leak;
	thread_start_detached(message_log, NULL);
}

const struct pattern pattern = {
	.start = start,
	.request = request,
	.company = COMPANY_SERVICE | COMPANY_QUEUE,
};
