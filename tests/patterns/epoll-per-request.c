/*
 * epoll-per-request.c - an event loop for each upload that does not end with it.
 *
 * class: io
 * cause: the last descriptor is removed and the loop waits on
 * expect: growing|never woken
 * where: upload_loop
 * unreachable: not memory
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct upload {
	int loop, event;
	bool leak;
};

static void *upload_loop(void *argument)
{
	struct upload *upload = argument;
	struct epoll_event event = {.events = EPOLLIN};
	epoll_ctl(upload->loop, EPOLL_CTL_ADD, upload->event, &event);
	for (bool ended = false; !ended;) {
		epoll_wait(upload->loop, &event, 1, -1);
		epoll_ctl(upload->loop, EPOLL_CTL_DEL, upload->event, NULL);
		ended = !upload->leak;
	}
	close(upload->loop);
	close(upload->event);
	return NULL;
}

static void request(bool leak)
{
	struct upload *upload = memory_make(sizeof *upload);
	*upload = (struct upload){epoll_create1(0), eventfd(0, 0), leak};
	thread_start_detached(upload_loop, upload);
	eventfd_write(upload->event, 1);
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_EVENTS | COMPANY_LAZY_POOL,
};
