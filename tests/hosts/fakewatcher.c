/*
 * fakewatcher.c - binds $LEAKWATCH_DIR/PID.sock and answers as a watcher would, or not.
 *
 *	fakewatcher good | unstored | newer | silent | nonsense | short | late
 *
 * One that is newer answers a request for a proof, but with a dump that has none; the others do not know the request.
 * One that is late is asked before it has a socket, and then before it listens.
 *
 * It answers until it is killed; its dump is the line "fake dump".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define DUMP "fake dump\n"

static const char *mode;

static int is(const char *name)
{
	return strcmp(mode, name) == 0;
}

static void answer_dump(int fd)
{
	char path[4096] = "-";
	if (!is("unstored"))
		snprintf(path, sizeof path, "%s/fake-%d-8812-000001.dump", getenv("LEAKWATCH_DIR"),
			(int)getpid());
	dprintf(fd, "ok bytes=%zu path=%s\n%.*s", strlen(DUMP), path, is("short") ? 4 : 100, DUMP);
}

static void answer_status(int fd)
{
	dprintf(fd,
		"ok pid=%d start_ticks=8812 comm=fake%%20%%1B threads=2001 blocked=2000 "
		"oldest_ns=303000000000 dumps=7 interval_ns=60000000000\n",
		(int)getpid());
}

static void answer(int fd)
{
	char request[64] = "";
	if (read(fd, request, sizeof request - 1) <= 0)
		return;
	if (is("silent"))
		pause();
	else if (is("nonsense"))
		dprintf(fd, "ok I am fine, thank you\n");
	else if (strcmp(request, "dump\n") == 0 || (is("newer") && strcmp(request, "prove\n") == 0))
		answer_dump(fd);
	else if (strcmp(request, "status\n") == 0)
		answer_status(fd);
	else
		dprintf(fd, "error unknown request\n");
}

/* Long enough to be asked, and well below the second that it is given. */
static void linger(void)
{
	if (is("late"))
		usleep(200000);
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (argc != 2 || !getenv("LEAKWATCH_DIR"))
		return 2;
	mode = argv[1];
	snprintf(address.sun_path, sizeof address.sun_path, "%s/%d.sock", getenv("LEAKWATCH_DIR"),
		(int)getpid());
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	linger();
	if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0) {
		perror("fakewatcher: bind");
		return 1;
	}
	linger();
	if (listen(listener, 8) < 0) {
		perror("fakewatcher: listen");
		return 1;
	}
	printf("ready\n");
	fflush(stdout);
	for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; close(fd))
		answer(fd);
	return 1;
}
