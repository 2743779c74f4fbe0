/*
 * write-under-lock.c - a thread writes to a full pipe while it holds the log's lock.
 *
 * class: lock
 * cause: the reader of the pipe has stopped reading
 * expect: stalled|growing
 * where: line_log
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <stdatomic.h>
#include <unistd.h>

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static int ends[2];

static void *line_log(void *unused)
{
	static const char lines[32768];
	pthread_mutex_lock(&log_lock);
	must(write(ends[1], lines, sizeof lines) > 0, "write");
	pthread_mutex_unlock(&log_lock);
	return unused;
}

static void *lines_read(void *unused)
{
	static char lines[32768];
	while (read(ends[0], lines, sizeof lines) > 0)
		;
	return unused;
}

static void start(bool leak)
{
	must(pipe(ends) == 0, "pipe");
	if (!leak)
		thread_start_detached(lines_read, NULL);
}

static void request(bool leak)
{
	(void)leak;
	thread_start_detached(line_log, NULL);
}

const struct pattern pattern = {
	.start = start,
	.request = request,
	.requests = 10,
	.company = COMPANY_LOCKS,
};
