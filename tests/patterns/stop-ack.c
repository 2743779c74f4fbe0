/*
 * stop-ack.c - stop() waits for an answer from a worker that has ended already.
 *
 * class: channel
 * cause: the worker's error path does not answer
 * expect: growing|never woken
 * where: worker_stop
 * unreachable: yes
 */
#include "demos/channel.h"
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

struct worker {
	struct channel *stopped;
	bool leak;
};

static void *worker_run(void *argument)
{
	struct worker *worker = argument;
	if (!worker->leak)
		channel_close(worker->stopped);
	return NULL;
}

static void *worker_stop(void *argument)
{
	struct worker *worker = argument;
	int nothing;
	channel_receive(worker->stopped, &nothing, NULL);
	return NULL;
}

static void request(bool leak)
{
	struct worker *worker = memory_make(sizeof *worker);
	*worker = (struct worker){channel_make(sizeof(int), 0), leak};
	thread_start_detached(worker_run, worker);
	thread_start_detached(worker_stop, worker);
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_BATCH | COMPANY_LONG_POLL,
};
