/*
 * join-stuck.c - each request joins a helper that waits for ever.
 *
 * class: thread
 * cause: the helper's input is not closed before the join
 * expect: growing|never woken
 * where: helper_run|helped_serve
 * unreachable: yes
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

struct helped {
	struct gate *closed;
	bool leak;
};

static void *helper_run(void *closed)
{
	gate_await(closed);
	return NULL;
}

static void *helped_serve(void *argument)
{
	struct helped *helped = argument;
	pthread_t helper = thread_start(helper_run, helped->closed);
	if (!helped->leak)
		gate_open(helped->closed);
	pthread_join(helper, NULL);
	return NULL;
}

static void request(bool leak)
{
	struct helped *helped = memory_make(sizeof *helped);
	*helped = (struct helped){gate_make(), leak};
	thread_start_detached(helped_serve, helped);
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_SUPERVISOR | COMPANY_SERVICE,
};
