/*
 * poll-no-deadline.c - poll without a time limit for an answer that does not come.
 *
 * class: io
 * cause: -1 instead of a deadline
 * expect: growing|no deadline
 * where: reply_poll
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

struct query {
	int ends[2];
	bool leak;
};

static void *reply_poll(void *argument)
{
	struct query *query = argument;
	struct pollfd member = {.fd = query->ends[0], .events = POLLIN};
	poll(&member, 1, query->leak ? -1 : 30);
	close(query->ends[0]);
	close(query->ends[1]);
	return NULL;
}

static void request(bool leak)
{
	struct query *query = memory_make(sizeof *query);
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, query->ends) == 0, "socketpair");
	query->leak = leak;
	thread_start_detached(reply_poll, query);
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_LONG_POLL | COMPANY_EVENTS | COMPANY_BURST,
};
