/*
 * eventfd-unwritten.c - waits for a completion by eventfd whose owner forgot to write it.
 *
 * class: io
 * cause: the cancelled operation does not signal its completion
 * expect: growing|never woken
 * where: completion_await
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void *completion_await(void *argument)
{
	int event = (int)(intptr_t)argument;
	eventfd_t count;
	eventfd_read(event, &count);
	close(event);
	return NULL;
}

static void request(bool leak)
{
	intptr_t event = eventfd(0, EFD_CLOEXEC);
	thread_start_detached(completion_await, (void *)event);
	if (!leak)
		eventfd_write((int)event, 1);
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_EVENTS | COMPANY_SERVICE,
};
