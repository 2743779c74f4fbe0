/*
 * self-send.c - one thread sends on an unbuffered channel and would receive from it afterwards.
 *
 * class: channel
 * cause: sender and receiver are the same thread
 * expect: growing|never woken
 * where: report_make
 * unreachable: yes
 */
#include "demos/channel.h"
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

static void *report_make(void *channel)
{
	int total = 3;
	channel_send(channel, &total, NULL);
	channel_receive(channel, &total, NULL);
	channel_release(channel);
	return NULL;
}

static void request(bool leak)
{
	thread_start_detached(report_make, channel_make(sizeof(int), leak ? 0 : 1));
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_QUEUE | COMPANY_HEARTBEAT | COMPANY_EVENTS,
};
