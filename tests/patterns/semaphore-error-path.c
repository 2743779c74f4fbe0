/*
 * semaphore-error-path.c - a helper's error path does not post the semaphore that its caller waits for.
 *
 * class: condvar
 * cause: return before sem_post
 * expect: growing|never woken
 * where: upload_await
 * unreachable: yes
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <semaphore.h>

struct upload {
	sem_t done;
	bool fails;
};

static void *upload_run(void *argument)
{
	struct upload *upload = argument;
	if (upload->fails)
		return NULL;
	sem_post(&upload->done);
	return NULL;
}

static void *upload_await(void *argument)
{
	struct upload *upload = argument;
	sem_wait(&upload->done);
	return NULL;
}

static void request(bool leak)
{
	struct upload *upload = memory_make(sizeof *upload);
	sem_init(&upload->done, 0, 0);
	upload->fails = leak;
	thread_start_detached(upload_await, upload);
	thread_start_detached(upload_run, upload);
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_BUSY_POOL | COMPANY_SESSIONS | COMPANY_TICKER,
};
