/*
 * dropped-response.c - callers wait for the answer with their number; some numbers are dropped from the table.
 *
 * class: channel
 * cause: the entry is removed when the connection is reset, and its caller is not told
 * expect: growing|never woken
 * where: call_await
 * unreachable: yes
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

static void *call_await(void *answered)
{
	gate_await(answered);
	return NULL;
}

static void request(bool leak)
{
	struct gate *answered = gate_make();
	thread_start_detached(call_await, answered);
	if (!leak)
		gate_open(answered);
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_NETWORK | COMPANY_SIGNALS,
};
