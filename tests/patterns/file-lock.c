/*
 * file-lock.c - a lock on a file that is held through a descriptor nobody closes.
 *
 * class: lock
 * cause: the descriptor of the first user leaked on an error path
 * expect: growing|stalled
 * where: file_update
 * unreachable: not memory
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

static char path[64];

static void *file_update(void *unused)
{
	int file = open(path, O_RDWR);
	flock(file, LOCK_EX);
	close(file);
	return unused;
}

static void start(bool leak)
{
	int file = memfd_create("lock", 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", file);
	if (leak)
		flock(open(path, O_RDWR), LOCK_EX);
}

static void request(bool leak)
{
	(void)leak;
	thread_start_detached(file_update, NULL);
}

const struct pattern pattern = {
	.start = start,
	.request = request,
	.company = COMPANY_SERVICE,
};
