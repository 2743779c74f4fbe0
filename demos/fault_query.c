/*
 * fault_query.c - a query without a deadline to a database that is stuck.
 *
 * The database is a socket of this process on the loopback: its queue accepts connections and nobody
 * ever answers. The connection's thread waits in recv, also when its own client has long gone away.
 * Fixed, the socket has a time limit.
 */
#include "demos/fault.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define DATABASE_QUEUE 4096

static pthread_once_t database_once = PTHREAD_ONCE_INIT;
static struct sockaddr_in database; /* port 0: could not be started */

static void database_start(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t address_bytes = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
		listen(fd, DATABASE_QUEUE) == 0 &&
		getsockname(fd, (struct sockaddr *)&address, &address_bytes) == 0)
		database = address;
}

/* Returns a connected socket, or -1. */
static int database_connect(bool limited)
{
	const struct timeval limit = {.tv_usec = FAULT_DEADLINE_NS / 1000};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (limited) { /* the limit for sending is that for connecting too */
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	}
	if (connect(fd, (struct sockaddr *)&database, sizeof database) == 0)
		return fd;
	close(fd);
	return -1;
}

static unsigned query_run(int fd)
{
	static const char query[] = "select * from orders;\n";
	char answer[64];
	if (send(fd, query, strlen(query), MSG_NOSIGNAL) < 0)
		return FAULT_TIMEOUT;
	return recv(fd, answer, sizeof answer, 0) > 0 ? FAULT_OK : FAULT_TIMEOUT;
}

static unsigned query_serve(bool fixed)
{
	pthread_once(&database_once, database_start);
	int fd = database_connect(fixed);
	if (fd < 0)
		return FAULT_BUSY;
	unsigned status = query_run(fd);
	close(fd);
	return status;
}

const struct fault fault_query = {"query", "/query",
	"asks a stuck database without a deadline; fixed: with one", query_serve};
