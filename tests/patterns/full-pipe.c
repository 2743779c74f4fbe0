/*
 * full-pipe.c - each job writes more than a pipe holds, and reads it back afterwards.
 *
 * class: io
 * cause: the reader starts only after the write has ended
 * expect: growing|never woken
 * where: blob_pass
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <stdint.h>
#include <unistd.h>

#define PIPE_BYTES 65536

static void *blob_pass(void *extra)
{
	static const char blob[2 * PIPE_BYTES];
	int ends[2];
	must(pipe(ends) == 0, "pipe");
	must(write(ends[1], blob, PIPE_BYTES + (size_t)(uintptr_t)extra) > 0, "write");
	close(ends[0]);
	close(ends[1]);
	return NULL;
}

static void request(bool leak)
{
	thread_start_detached(blob_pass, (void *)(uintptr_t)(leak ? 1 : 0));
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_LOGGER | COMPANY_NETWORK,
};
