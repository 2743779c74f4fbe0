/*
 * read-under-lock.c - asks a peer that does not answer while it holds the connection's lock.
 *
 * class: lock
 * cause: the read has no deadline
 * expect: stalled|growing
 * where: database_ask
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <sys/socket.h>
#include <unistd.h>

static pthread_mutex_t database = PTHREAD_MUTEX_INITIALIZER;
static int ends[2];

static void *database_ask(void *unused)
{
	char answer = 'q';
	pthread_mutex_lock(&database);
	must(write(ends[0], &answer, 1) == 1, "write");
	must(read(ends[0], &answer, 1) == 1, "read");
	pthread_mutex_unlock(&database);
	return unused;
}

static void *database_answer(void *unused)
{
	char query;
	while (read(ends[1], &query, 1) == 1)
		must(write(ends[1], &query, 1) == 1, "write");
	return unused;
}

static void start(bool leak)
{
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
	if (!leak)
		thread_start_detached(database_answer, NULL);
}

static void request(bool leak)
{
	(void)leak;
	thread_start_detached(database_ask, NULL);
}

const struct pattern pattern = {
	.start = start,
	.request = request,
	.requests = 40,
	.company = COMPANY_SERVICE | COMPANY_IDLE_CLIENTS,
};
