/*
 * pool-per-request.c - a pool of two workers made for each batch, whose queue is not closed after an error.
 *
 * class: channel
 * cause: the producer's error path skips the close
 * expect: growing|never woken|orphaned
 * where: batch_work
 * unreachable: yes
 */
#include "demos/channel.h"
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

static void *batch_work(void *jobs)
{
	int job;
	while (channel_receive(jobs, &job, NULL) == CHANNEL_OK)
		;
	channel_release(jobs);
	return NULL;
}

static void request(bool leak)
{
	struct channel *jobs = channel_make(sizeof(int), 2);
	int job = 1;
	for (unsigned i = 0; i < 2; i++)
		thread_start_detached(batch_work, channel_share(jobs));
	channel_send(jobs, &job, NULL);
	if (!leak)
		channel_close(jobs);
	channel_release(jobs);
}

const struct pattern pattern = {
	.request = request,
	.requests = 30,
	.company = COMPANY_POOL | COMPANY_SHARDS | COMPANY_LAZY_POOL,
};
