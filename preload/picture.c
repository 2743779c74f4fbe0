/*
 * picture.c - the bare clone, and what the child does first and last.
 *
 * The child waits to be let go, so that a picture which turns out not to be still costs no more than the clone.
 */
#include "preload/picture.h"
#include "preload/sys.h"

#include <errno.h>
#include <linux/futex.h>
#include <linux/wait.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>

#define LEAST_PRIORITY 19
#define DONE	       0
#define GATE_BYTES     4096

/* Shared with the child: 0 until it is let go. */
static _Atomic int *gate;

/* The memory that the child takes is its own: if the machine runs short, it is the one to go. */
static void offer_oneself(void)
{
	int file = sys_open(AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY, 0);
	if (file < 0)
		return;
	sys_write(file, "1000", 4);
	sys_close(file);
}

static void child_begin(int parent)
{
	uint64_t all = ~UINT64_C(0);
	sys_call4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, 0, sizeof all);
	sys_call2(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
	if (sys_call0(SYS_getppid) != parent)
		sys_call1(SYS_exit_group, 1);
	sys_call2(SYS_prctl, PR_SET_NAME, (long)"leakwatch-prove");
	sys_call3(SYS_setpriority, 0, 0, LEAST_PRIORITY);
	offer_oneself();
	while (atomic_load(gate) == 0)
		sys_call4(SYS_futex, (long)gate, FUTEX_WAIT, 0, 0);
}

static _Noreturn void child_run(int parent, void (*run)(void *context), void *context)
{
	child_begin(parent);
	run(context);
	for (;;)
		sys_call1(SYS_exit_group, DONE);
}

static bool gate_make(void)
{
	if (!gate) {
		long at = sys_call6(SYS_mmap, 0, GATE_BYTES, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		gate = at < 0 ? NULL : (_Atomic int *)at;
	}
	if (gate)
		atomic_store(gate, 0);
	return gate != NULL;
}

int picture_take(void (*run)(void *context), void *context)
{
	int parent = sys_getpid();
	if (!gate_make())
		return -ENOMEM;
	/* No flags, and no signal at its end: a child that only __WCLONE finds. */
	int child = (int)sys_call6(SYS_clone, 0, 0, 0, 0, 0, 0);
	if (child == 0)
		child_run(parent, run, context);
	return child;
}

void picture_go(void)
{
	atomic_store(gate, 1);
	sys_call3(SYS_futex, (long)gate, FUTEX_WAKE, 1);
}

enum picture_end picture_look(int child)
{
	int status = 0;
	long ended = sys_call4(SYS_wait4, child, (long)&status, WNOHANG | __WCLONE, 0);
	if (ended == 0 || ended == -EINTR)
		return PICTURE_RUNS;
	/* Somebody of the host may have waited for it by __WALL: what it wrote counts if it says that it is whole. */
	return ended == child && status != DONE ? PICTURE_DIED : PICTURE_DONE;
}

void picture_drop(int child)
{
	int status;
	sys_call2(SYS_kill, child, SIGKILL);
	while (sys_call4(SYS_wait4, child, (long)&status, __WCLONE, 0) == -EINTR)
		;
}

void picture_forget(void)
{
	gate = NULL;
}
