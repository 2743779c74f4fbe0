/*
 * child-hung.c - a thread for each child process waits for its end, and the children hang.
 *
 * class: process
 * cause: no deadline, no kill
 * expect: growing
 * where: child_await
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void *child_await(void *argument)
{
	waitpid((pid_t)(intptr_t)argument, NULL, 0);
	return NULL;
}

static void request(bool leak)
{
	pid_t parent = getpid(), child = fork();
	must(child >= 0, "fork");
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (unsigned i = 0; leak && getppid() == parent && i < 100; i++)
			usleep(100000);
		_exit(0);
	}
	thread_start_detached(child_await, (void *)(intptr_t)child);
}

const struct pattern pattern = {
	.request = request,
	.requests = 25,
	.company = COMPANY_SERVICE | COMPANY_BUSY_POOL,
};
