/*
 * pool-exhausted.c - jobs of a pool wait for jobs that they have put into the same pool.
 *
 * class: condvar
 * cause: all workers wait, none is left to work
 * expect: growing|never woken|stalled
 * where: page_render|page_await
 * unreachable: no
 */
#include "demos/channel.h"
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#define WORKERS 4

struct job {
	struct gate *done;
	bool nested;
};

static struct channel *jobs;

static void page_render(struct job *job)
{
	struct job part = {gate_make(), false};
	if (job->nested) {
		channel_send(jobs, &part, NULL);
		gate_await(part.done);
	}
	gate_open(job->done);
}

static void *pool_run(void *unused)
{
	struct job job;
	while (channel_receive(jobs, &job, NULL) == CHANNEL_OK) {
		sleep_ms(5);
		page_render(&job);
	}
	return unused;
}

static void *page_await(void *leak)
{
	struct job job = {gate_make(), leak != NULL};
	channel_send(jobs, &job, NULL);
	gate_await(job.done);
	return NULL;
}

static void start(bool leak)
{
	(void)leak;
	jobs = channel_make(sizeof(struct job), 200);
	for (unsigned i = 0; i < WORKERS; i++)
		thread_start_detached(pool_run, NULL);
}

static void request(bool leak)
{
	for (unsigned i = 0; i < WORKERS; i++)
		thread_start_detached(page_await, leak ? &jobs : NULL);
}

const struct pattern pattern = {
	.start = start,
	.request = request,
	.requests = 20,
	.company = COMPANY_NETWORK | COMPANY_SHARDS,
};
