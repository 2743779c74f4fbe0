/*
 * event-double-wait.c - an event that resets itself; two wait for it.
 *
 * class: condvar
 * cause: the first one that wakes takes the event away from the second
 * expect: growing|never woken|orphaned
 * where: event_await
 * unreachable: yes
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

struct event {
	pthread_mutex_t mutex;
	pthread_cond_t set;
	bool is_set, resets;
};

static void *event_await(void *argument)
{
	struct event *event = argument;
	pthread_mutex_lock(&event->mutex);
	while (!event->is_set)
		pthread_cond_wait(&event->set, &event->mutex);
	event->is_set = !event->resets;
	pthread_mutex_unlock(&event->mutex);
	return NULL;
}

static void *event_set(void *argument)
{
	struct event *event = argument;
	sleep_ms(5);
	pthread_mutex_lock(&event->mutex);
	event->is_set = true;
	pthread_cond_broadcast(&event->set);
	pthread_mutex_unlock(&event->mutex);
	return NULL;
}

static void request(bool leak)
{
	struct event *event = memory_make(sizeof *event);
	event->resets = leak;
	thread_start_detached(event_await, event);
	thread_start_detached(event_await, event);
	thread_start_detached(event_set, event);
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_SERVICE,
};
