/*
 * pipe-end-leaked.c - a reader waits for the end of a pipe whose writing end it holds open itself.
 *
 * class: io
 * cause: a second descriptor of the writing end is not closed
 * expect: growing|orphaned|never woken
 * where: output_collect
 * unreachable: not memory
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <unistd.h>

struct output {
	int ends[2];
};

static void *output_collect(void *argument)
{
	struct output *output = argument;
	char byte;
	while (read(output->ends[0], &byte, 1) == 1)
		;
	close(output->ends[0]);
	return NULL;
}

static void request(bool leak)
{
	struct output *output = memory_make(sizeof *output);
	must(pipe(output->ends) == 0, "pipe");
	int writer = dup(output->ends[1]);
	thread_start_detached(output_collect, output);
	must(write(writer, "x", 1) == 1, "write");
	close(writer);
	if (!leak)
		close(output->ends[1]);
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_LOGGER | COMPANY_BATCH,
};
