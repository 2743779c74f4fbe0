/*
 * detached-forever.c - each session starts a housekeeper that waits for an end that is not announced.
 *
 * class: thread
 * cause: the session's destructor does not open the gate
 * expect: growing|never woken
 * where: housekeeper_run
 * unreachable: yes
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

static void *housekeeper_run(void *ended)
{
	gate_await(ended);
	return NULL;
}

static void request(bool leak)
{
	struct gate *ended = gate_make();
	thread_start_detached(housekeeper_run, ended);
	if (!leak)
		gate_open(ended);
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_BURST | COMPANY_LAZY_POOL | COMPANY_READERS,
};
