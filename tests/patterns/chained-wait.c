/*
 * chained-wait.c - two services that wait for each other to be ready.
 *
 * class: channel
 * cause: each announces itself only after the other
 * expect: growing|never woken|deadlock
 * where: service_bring_up
 * unreachable: yes
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

struct service {
	struct gate *ready, *other;
	bool leak;
};

static void *service_bring_up(void *argument)
{
	struct service *service = argument;
	if (!service->leak)
		gate_open(service->ready);
	gate_await(service->other);
	gate_open(service->ready);
	return NULL;
}

static void request(bool leak)
{
	struct service *services = memory_make(2 * sizeof *services);
	services[0] = (struct service){gate_make(), gate_make(), leak};
	services[1] = (struct service){services[0].other, services[0].ready, leak};
	thread_start_detached(service_bring_up, &services[0]);
	thread_start_detached(service_bring_up, &services[1]);
}

const struct pattern pattern = {
	.request = request,
	.requests = 25,
	.company = COMPANY_NETWORK | COMPANY_BURST,
};
