/*
 * join-circle.c - three threads that wait for each other's end.
 *
 * class: lock
 * cause: each joins the next
 * expect: deadlock
 * where: stage_run
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#define STAGES 3

static pthread_t stages[STAGES];
static struct gate all_started = GATE_CLOSED;
static bool leaks;

static void *stage_run(void *self)
{
	size_t next = (size_t)((pthread_t *)self - stages) + 1;
	gate_await(&all_started);
	if (next < STAGES || leaks)
		pthread_join(stages[next % STAGES], NULL);
	return NULL;
}

static void start(bool leak)
{
	leaks = leak;
	for (unsigned i = 0; i < STAGES; i++)
		stages[i] = thread_start(stage_run, &stages[i]);
	gate_open(&all_started);
	if (!leak)
		pthread_join(stages[0], NULL);
}

const struct pattern pattern = {
	.start = start,
	.company = COMPANY_SERVICE | COMPANY_SUPERVISOR,
};
