/*
 * child-died.c - requests wait on semaphores in shared memory for a helper process that has died.
 *
 * class: process
 * cause: nobody watches the helper
 * expect: growing|never woken|orphaned
 * where: helper_ask
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

struct board {
	sem_t asked, answered;
};
static struct board *board;

static void helper_run(bool leak)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned i = 0; !leak || i < 3; i++) {
		sem_wait(&board->asked);
		sem_post(&board->answered);
	}
	_exit(1);
}

static void *helper_ask(void *unused)
{
	sem_post(&board->asked);
	while (sem_wait(&board->answered) != 0 && errno == EINTR)
		;
	return unused;
}

static void start(bool leak)
{
	board = mmap(
		NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(board != MAP_FAILED, "mmap");
	sem_init(&board->asked, 1, 0);
	sem_init(&board->answered, 1, 0);
	pid_t child = fork();
	must(child >= 0, "fork");
	if (child == 0)
		helper_run(leak);
}

static void request(bool leak)
{
	(void)leak;
	thread_start_detached(helper_ask, NULL);
}

const struct pattern pattern = {
	.start = start,
	.request = request,
	.company = COMPANY_NETWORK,
};
