/*
 * fault_fanout.c - three workers, of which the first to fail ends the request.
 *
 * The handler returns with the first failure; the two others send their outcomes to nobody. Fixed,
 * the failure cancels what the workers share, and the handler waits for all of them, as an error
 * group does.
 */
#include "demos/channel.h"
#include "demos/fault.h"
#include "demos/object.h"
#include "demos/waitgroup.h"
#include "demos/worker.h"

#define FANOUT		3
#define SHARD_FAILS	0
#define SHARD_ANSWER_NS 200000000u /* the failure is faster */

enum outcome { OUTCOME_GOOD, OUTCOME_FAILED };

struct shard {
	unsigned number;
	struct channel *outcomes;
	struct context *context; /* NULL in the fault */
	struct waitgroup *group; /* likewise */
};

static enum outcome shard_ask(const struct shard *shard)
{
	if (shard->number == SHARD_FAILS)
		return OUTCOME_FAILED;
	return context_sleep(shard->context, SHARD_ANSWER_NS) ? OUTCOME_GOOD : OUTCOME_FAILED;
}

static void shard_free(struct shard *shard)
{
	struct waitgroup *group = shard->group;
	channel_release(shard->outcomes);
	object_free(shard);
	if (group)
		waitgroup_done(group);
}

static void *fanout_worker(void *argument)
{
	struct shard *shard = argument;
	enum outcome outcome = shard_ask(shard);
	channel_send(shard->outcomes, &outcome, shard->context);
	shard_free(shard);
	return NULL;
}

/* Starts the workers and returns how many. */
static unsigned fanout_start(
	struct channel *outcomes, struct context *context, struct waitgroup *group)
{
	for (unsigned number = 0; number < FANOUT; number++) {
		struct shard *shard = object_alloc(sizeof *shard);
		*shard = (struct shard){number, channel_share(outcomes), context, group};
		if (group)
			waitgroup_add(group, 1);
		if (worker_start(fanout_worker, shard) != 0) {
			shard_free(shard);
			return number;
		}
	}
	return FANOUT;
}

static unsigned fanout_collect(struct channel *outcomes, unsigned started)
{
	enum outcome outcome;
	for (unsigned i = 0; i < started; i++) {
		channel_receive(outcomes, &outcome, NULL);
		if (outcome == OUTCOME_FAILED)
			return FAULT_FAILED;
	}
	return started == FANOUT ? FAULT_OK : FAULT_BUSY;
}

static unsigned fanout_first_failure_returns(void)
{
	struct channel *outcomes = channel_make(sizeof(enum outcome), 0);
	unsigned status = fanout_collect(outcomes, fanout_start(outcomes, NULL, NULL));
	channel_release(outcomes);
	return status;
}

static unsigned fanout_first_failure_cancels(void)
{
	struct channel *outcomes = channel_make(sizeof(enum outcome), 0);
	struct context *context = context_make(NULL);
	struct waitgroup group;

	waitgroup_init(&group);
	unsigned status = fanout_collect(outcomes, fanout_start(outcomes, context, &group));
	context_cancel(context);
	waitgroup_wait(&group);
	waitgroup_destroy(&group);
	context_free(context);
	channel_release(outcomes);
	return status;
}

static unsigned fanout_serve(bool fixed)
{
	return fixed ? fanout_first_failure_cancels() : fanout_first_failure_returns();
}

const struct fault fault_fanout = {"fanout", "/fanout",
	"returns at the first failure of three workers; fixed: cancels and waits for all",
	fanout_serve};
