/*
 * connect-blackhole.c - connections to a listener whose queue is full and that accepts nothing.
 *
 * class: io
 * cause: connect without a deadline
 * expect: growing|no deadline
 * where: peer_connect
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static struct sockaddr_in address;
static bool leaks;

static void *peer_connect(void *unused)
{
	struct timeval deadline = {.tv_usec = 50000};
	int peer = socket(AF_INET, SOCK_STREAM, 0);
	if (!leaks)
		setsockopt(peer, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof deadline);
	connect(peer, (struct sockaddr *)&address, sizeof address);
	close(peer);
	return unused;
}

static void start(bool leak)
{
	socklen_t bytes = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	leaks = leak;
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 &&
			listen(listener, 0) == 0 &&
			getsockname(listener, (struct sockaddr *)&address, &bytes) == 0,
		"listen");
}

static void request(bool leak)
{
	(void)leak;
	thread_start_detached(peer_connect, NULL);
}

const struct pattern pattern = {
	.start = start,
	.request = request,
	.company = COMPANY_NETWORK,
};
