/*
 * child-holds-pipe.c - readers wait for the end of pipes whose writing ends a child inherited.
 *
 * class: process
 * cause: the pipe was made without O_CLOEXEC before another child was forked
 * expect: growing|orphaned
 * where: child_output_read
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <unistd.h>

static void *child_output_read(void *argument)
{
	int output = (int)(intptr_t)argument;
	char byte;
	while (read(output, &byte, 1) == 1)
		;
	close(output);
	return NULL;
}

static void daemon_run(int inherited, bool leak)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!leak)
		close(inherited);
	for (unsigned i = 0; i < 100 && getppid() != 1; i++)
		usleep(100000);
	_exit(0);
}

static void request(bool leak)
{
	int ends[2];
	must(pipe(ends) == 0, "pipe");
	pid_t child = fork();
	must(child >= 0, "fork");
	if (child == 0)
		daemon_run(ends[1], leak);
	close(ends[1]);
	thread_start_detached(child_output_read, (void *)(intptr_t)ends[0]);
}

const struct pattern pattern = {
	.request = request,
	.requests = 28,
	.company = COMPANY_LOGGER | COMPANY_POOL,
};
