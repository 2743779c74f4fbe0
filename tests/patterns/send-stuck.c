/*
 * send-stuck.c - a broadcast to all clients under one lock; one client does not read.
 *
 * class: lock
 * cause: the send has no deadline
 * expect: stalled|growing
 * where: clients_tell|client_add
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <sys/socket.h>
#include <sys/time.h>

static pthread_mutex_t clients = PTHREAD_MUTEX_INITIALIZER;
static int ends[2];

static void *clients_tell(void *unused)
{
	static const char news[4096];
	for (;;) {
		pthread_mutex_lock(&clients);
		send(ends[0], news, sizeof news, MSG_NOSIGNAL);
		pthread_mutex_unlock(&clients);
		sleep_ms(1);
	}
	return unused;
}

static void *client_add(void *unused)
{
	for (;;) {
		pthread_mutex_lock(&clients);
		pthread_mutex_unlock(&clients);
		sleep_ms(10);
	}
	return unused;
}

static void start(bool leak)
{
	struct timeval deadline = {.tv_usec = 10000};
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
	if (!leak)
		setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof deadline);
	thread_start_detached(clients_tell, NULL);
	thread_start_detached(client_add, NULL);
}

const struct pattern pattern = {
	.start = start,
	.company = COMPANY_NETWORK,
};
