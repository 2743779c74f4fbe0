/*
 * poll-context.c - watchers that look every few milliseconds whether their context, which nobody cancels, is done.
 *
 * class: channel
 * cause: the context of each request is not cancelled when the request ends
 * expect: growing
 * where: lease_keep
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <time.h>

struct lease {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	bool cancelled;
};

static void *lease_keep(void *argument)
{
	struct lease *lease = argument;
	struct timespec deadline;
	pthread_mutex_lock(&lease->mutex);
	while (!lease->cancelled) {
		clock_gettime(CLOCK_REALTIME, &deadline);
		deadline.tv_nsec += 40000000;
		deadline.tv_sec += deadline.tv_nsec / 1000000000;
		deadline.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&lease->changed, &lease->mutex, &deadline);
	}
	pthread_mutex_unlock(&lease->mutex);
	return NULL;
}

static void lease_cancel(struct lease *lease)
{
	pthread_mutex_lock(&lease->mutex);
	lease->cancelled = true;
	pthread_cond_signal(&lease->changed);
	pthread_mutex_unlock(&lease->mutex);
}

static void request(bool leak)
{
	struct lease *lease = memory_make(sizeof *lease);
	thread_start_detached(lease_keep, lease);
	sleep_ms(1);
	if (!leak)
		lease_cancel(lease);
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_BATCH,
};
