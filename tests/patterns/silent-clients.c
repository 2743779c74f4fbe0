/*
 * silent-clients.c - a thread for each connection, and clients that connect and say nothing.
 *
 * class: thread
 * cause: the receive has no deadline
 * expect: growing|no deadline
 * where: connection_serve
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static struct sockaddr_in address;
static int listener;
static bool leaks;

static void *connection_serve(void *argument)
{
	int connection = (int)(intptr_t)argument;
	struct timeval deadline = {.tv_usec = 100000};
	char byte;
	if (!leaks)
		setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
	while (recv(connection, &byte, 1, 0) == 1)
		;
	close(connection);
	return NULL;
}

static void *connections_accept(void *unused)
{
	for (;;) {
		intptr_t connection = accept(listener, NULL, NULL);
		thread_start_detached(connection_serve, (void *)connection);
	}
	return unused;
}

static void start(bool leak)
{
	socklen_t bytes = sizeof address;
	leaks = leak;
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	must(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 &&
			listen(listener, 64) == 0 &&
			getsockname(listener, (struct sockaddr *)&address, &bytes) == 0,
		"listen");
	thread_start_detached(connections_accept, NULL);
}

static void request(bool leak)
{
	int client = socket(AF_INET, SOCK_STREAM, 0);
	(void)leak;
	must(connect(client, (struct sockaddr *)&address, sizeof address) == 0, "connect");
}

const struct pattern pattern = {
	.start = start,
	.request = request,
	.company = COMPANY_NETWORK | COMPANY_POOL,
};
