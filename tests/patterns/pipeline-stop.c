/*
 * pipeline-stop.c - three stages; the last one has enough and returns.
 *
 * class: channel
 * cause: the stages before it wait to send; they have no context
 * expect: growing|never woken
 * where: numbers_make|numbers_square
 * unreachable: yes
 */
#include "demos/channel.h"
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

struct stage {
	struct channel *in, *out;
	struct context *context;
};

static void *numbers_make(void *argument)
{
	struct stage *stage = argument;
	for (int i = 0; channel_send(stage->out, &i, stage->context) == CHANNEL_OK; i++)
		;
	return NULL;
}

static void *numbers_square(void *argument)
{
	struct stage *stage = argument;
	int number;
	while (channel_receive(stage->in, &number, stage->context) == CHANNEL_OK) {
		number *= number;
		if (channel_send(stage->out, &number, stage->context) != CHANNEL_OK)
			break;
	}
	return NULL;
}

static void request(bool leak)
{
	struct stage *stages = memory_make(2 * sizeof *stages);
	struct context *context = context_make(NULL);
	int number;
	stages[0].out = stages[1].in = channel_make(sizeof(int), 0);
	stages[1].out = channel_make(sizeof(int), 0);
	stages[0].context = stages[1].context = leak ? NULL : context;
	thread_start_detached(numbers_make, &stages[0]);
	thread_start_detached(numbers_square, &stages[1]);
	channel_receive(stages[1].out, &number, NULL);
	context_cancel(context);
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_NETWORK,
};
