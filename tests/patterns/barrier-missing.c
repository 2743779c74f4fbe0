/*
 * barrier-missing.c - one of three parts fails before it comes to the barrier.
 *
 * class: condvar
 * cause: the barrier waits for three
 * expect: growing|never woken
 * where: phase_run
 * unreachable: yes
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#define PARTS 3

static void *phase_run(void *barrier)
{
	sleep_ms(1);
	pthread_barrier_wait(barrier);
	return NULL;
}

static void request(bool leak)
{
	pthread_barrier_t *barrier = memory_make(sizeof *barrier);
	pthread_barrier_init(barrier, NULL, PARTS);
	for (unsigned i = leak ? 1 : 0; i < PARTS; i++)
		thread_start_detached(phase_run, barrier);
}

const struct pattern pattern = {
	.request = request,
	.requests = 25,
	.company = COMPANY_BATCH | COMPANY_EVENTS,
};
