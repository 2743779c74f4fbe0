/*
 * load.c - keeps a server of the loopback busy: some connections, one request at a time on each, for some time;
 * prints the answers in a second. All answers are as long as the first.
 * Usage: load PORT CONNECTIONS SECONDS REQUEST ("\n" and "\r" in it are escapes)
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 256
#define SILENCE_MS	100 /* after which the first answer is whole */

static char request[4096];
static size_t request_bytes, answer_bytes;
static struct connection {
	int fd;
	size_t got;
} connections[CONNECTIONS_MAX];

static void fail(const char *what)
{
	perror(what);
	exit(2);
}

static double now_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void request_read(const char *text)
{
	for (; *text && request_bytes < sizeof request; text++) {
		char byte = *text;
		if (byte == '\\' && text[1])
			byte = *++text == 'n' ? '\n' : *text == 'r' ? '\r' : *text;
		request[request_bytes++] = byte;
	}
}

static void ask(struct connection *connection)
{
	connection->got = 0;
	if (write(connection->fd, request, request_bytes) != (ssize_t)request_bytes)
		fail("load: write");
}

static void connection_open(struct connection *connection, int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int yes = 1;
	connection->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connection->fd < 0 ||
		connect(connection->fd, (struct sockaddr *)&address, sizeof address) != 0)
		fail("load: connect");
	setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

static size_t take(struct connection *connection)
{
	char bytes[65536];
	ssize_t got = read(connection->fd, bytes, sizeof bytes);
	if (got <= 0)
		fail("load: read");
	return connection->got += (size_t)got;
}

static void answer_measure(struct connection *connection)
{
	struct pollfd ready = {.fd = connection->fd, .events = POLLIN};
	ask(connection);
	while (poll(&ready, 1, answer_bytes ? SILENCE_MS : 5000) > 0)
		answer_bytes = take(connection);
	if (!answer_bytes)
		fail("load: no answer");
}

static unsigned long serve_ready(int epoll)
{
	struct epoll_event ready[CONNECTIONS_MAX];
	unsigned long answers = 0;
	int count = epoll_wait(epoll, ready, CONNECTIONS_MAX, 5000);
	if (count <= 0)
		fail("load: no answer");
	for (int i = 0; i < count; i++) {
		struct connection *connection = ready[i].data.ptr;
		if (take(connection) < answer_bytes)
			continue;
		answers++;
		ask(connection);
	}
	return answers;
}

int main(int argc, char **argv)
{
	if (argc < 5 || atoi(argv[2]) < 1 || atoi(argv[2]) > CONNECTIONS_MAX)
		return 2;
	int count = atoi(argv[2]), epoll = epoll_create1(0);
	double seconds = atof(argv[3]);
	request_read(argv[4]);
	for (int i = 0; i < count; i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = &connections[i]};
		connection_open(&connections[i], atoi(argv[1]));
		if (i == 0)
			answer_measure(&connections[0]);
		epoll_ctl(epoll, EPOLL_CTL_ADD, connections[i].fd, &event);
	}
	for (int i = 0; i < count; i++)
		ask(&connections[i]);
	unsigned long answers = 0;
	double start = now_s(), now = start;
	for (; now - start < seconds; now = now_s())
		answers += serve_ready(epoll);
	printf("%.0f\n", (double)answers / (now - start));
	return 0;
}
