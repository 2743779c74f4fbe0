/*
 * fault_result.c - a result that nobody receives any more.
 *
 * The handler's deadline passes before its worker has the result; the handler returns, and the worker
 * sends on an unbuffered channel for ever. Fixed, the channel has room for the one result.
 */
#include "demos/channel.h"
#include "demos/fault.h"
#include "demos/worker.h"

#define COMPUTE_NS 200000000u /* well after the deadline */

static int result_compute(void)
{
	context_sleep(NULL, COMPUTE_NS);
	return 42;
}

static void *result_worker(void *argument)
{
	struct channel *results = argument;
	int result = result_compute();
	channel_send(results, &result, NULL);
	channel_release(results);
	return NULL;
}

static unsigned result_await(struct channel *results)
{
	struct context *context = context_make_timeout(NULL, FAULT_DEADLINE_NS);
	int result;
	enum channel_result received = channel_receive(results, &result, context);
	context_free(context);
	return received == CHANNEL_OK ? FAULT_OK : FAULT_TIMEOUT;
}

static unsigned result_serve(bool fixed)
{
	struct channel *results = channel_make(sizeof(int), fixed ? 1 : 0);
	unsigned status = FAULT_BUSY;

	if (worker_start(result_worker, channel_share(results)) == 0)
		status = result_await(results);
	else
		channel_release(results);
	channel_release(results);
	return status;
}

const struct fault fault_result = {"result", "/result",
	"sends a result on a channel whose receiver has given up; fixed: has room for it",
	result_serve};
