/*
 * first-error.c - three parts in parallel; the first failure returns at once.
 *
 * class: channel
 * cause: the others send their results to nobody
 * expect: growing|never woken
 * where: part_run
 * unreachable: yes
 */
#include "demos/channel.h"
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#define PARTS 3

static void *part_run(void *results)
{
	int failed = 1;
	sleep_ms(3);
	channel_send(results, &failed, NULL);
	channel_release(results);
	return NULL;
}

static void request(bool leak)
{
	struct channel *results = channel_make(sizeof(int), 0);
	int failed;
	for (unsigned i = 0; i < PARTS; i++)
		thread_start_detached(part_run, channel_share(results));
	for (unsigned i = 0; i < PARTS; i++) {
		channel_receive(results, &failed, NULL);
		if (leak)
			break;
	}
	channel_release(results);
}

const struct pattern pattern = {
	.request = request,
	.requests = 25,
	.company = COMPANY_SERVICE | COMPANY_SESSIONS,
};
