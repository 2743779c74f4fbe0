/*
 * fifo-open.c - opens a FIFO for reading that nobody opens for writing.
 *
 * class: io
 * cause: open() of a FIFO waits for the other side
 * expect: growing
 * where: command_open
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int fifo_flags;
static char fifo_path[64];

static void *command_open(void *unused)
{
	int fifo = open(fifo_path, fifo_flags);
	close(fifo);
	return unused;
}

static void start(bool leak)
{
	char directory[] = "/tmp/leakwatch-fifo.XXXXXX";
	must(mkdtemp(directory), "mkdtemp");
	snprintf(fifo_path, sizeof fifo_path, "%s/fifo", directory);
	must(mkfifo(fifo_path, 0600) == 0, "mkfifo");
	int fifo = open(fifo_path, O_PATH); /* keeps it when its name is gone */
	must(fifo >= 0 && unlink(fifo_path) == 0 && rmdir(directory) == 0, "unlink");
	snprintf(fifo_path, sizeof fifo_path, "/proc/self/fd/%d", fifo);
	fifo_flags = leak ? O_RDONLY : O_RDONLY | O_NONBLOCK;
}

static void request(bool leak)
{
	(void)leak;
	thread_start_detached(command_open, NULL);
}

const struct pattern pattern = {
	.start = start,
	.request = request,
	.company = COMPANY_LOGGER | COMPANY_HEARTBEAT,
};
