/*
 * waitgroup-before-drain.c - waits for all workers, then would receive their results.
 *
 * class: channel
 * cause: the workers cannot end before somebody receives
 * expect: growing|never woken
 * where: item_check|batch_check
 * unreachable: yes
 */
#include "demos/channel.h"
#include "demos/waitgroup.h"
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#define ITEMS 2

struct batch {
	struct waitgroup group;
	struct channel *results;
	bool leak;
};

static void *item_check(void *argument)
{
	struct batch *batch = argument;
	int result = 0;
	channel_send(batch->results, &result, NULL);
	waitgroup_done(&batch->group);
	return NULL;
}

static void *batch_check(void *argument)
{
	struct batch *batch = argument;
	int result;
	if (batch->leak)
		waitgroup_wait(&batch->group);
	for (unsigned i = 0; i < ITEMS; i++)
		channel_receive(batch->results, &result, NULL);
	waitgroup_wait(&batch->group);
	return NULL;
}

static void request(bool leak)
{
	struct batch *batch = memory_make(sizeof *batch);
	batch->results = channel_make(sizeof(int), 0);
	batch->leak = leak;
	waitgroup_init(&batch->group);
	waitgroup_add(&batch->group, ITEMS);
	for (unsigned i = 0; i < ITEMS; i++)
		thread_start_detached(item_check, batch);
	thread_start_detached(batch_check, batch);
}

const struct pattern pattern = {
	.request = request,
	.requests = 25,
	.company = COMPANY_SERVICE,
};
