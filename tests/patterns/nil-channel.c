/*
 * nil-channel.c - a worker waits on the channel of a configuration that does not have it yet.
 *
 * class: channel
 * cause: it keeps the semaphore that stands for "never" after the real one was set
 * expect: growing|never woken
 * where: update_await
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <semaphore.h>

static sem_t never;

static void *update_await(void *updates)
{
	sem_wait(updates);
	return NULL;
}

static void start(bool leak)
{
	(void)leak;
	sem_init(&never, 0, 0);
}

static void request(bool leak)
{
	sem_t *updates = memory_make(sizeof *updates);
	sem_init(updates, 0, 0);
	thread_start_detached(update_await, leak ? &never : updates);
	sem_post(updates);
}

const struct pattern pattern = {
	.start = start,
	.request = request,
	.company = COMPANY_BUSY_POOL | COMPANY_ACCEPT | COMPANY_IDLE_CLIENTS,
};
