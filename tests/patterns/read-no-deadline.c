/*
 * read-no-deadline.c - each request asks a backend that has hung.
 *
 * class: io
 * cause: no deadline on the read
 * expect: growing|no deadline
 * where: backend_ask
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <sys/socket.h>
#include <unistd.h>

struct backend {
	int ends[2];
};

static void *backend_ask(void *argument)
{
	struct backend *backend = argument;
	char answer;
	must(read(backend->ends[0], &answer, 1) >= 0, "read");
	return NULL;
}

static void request(bool leak)
{
	struct backend *backend = memory_make(sizeof *backend);
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, backend->ends) == 0, "socketpair");
	thread_start_detached(backend_ask, backend);
	if (!leak)
		shutdown(backend->ends[0], SHUT_RDWR); /* what a deadline does in the end */
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_IDLE_CLIENTS | COMPANY_SESSIONS | COMPANY_HEARTBEAT,
};
