/*
 * init.c - the order of start-up, fork and exit.
 *
 * Everything here also works before it ran: other libraries' constructors may come first, and interposers
 * are called from then on.
 */
#include "preload/arena.h"
#include "preload/config.h"
#include "preload/creators.h"
#include "preload/modules.h"
#include "preload/outlive.h"
#include "preload/peek.h"
#include "preload/real.h"
#include "preload/rules.h"
#include "preload/scheduling.h"
#include "preload/snapshot.h"
#include "preload/sys.h"
#include "preload/threads.h"
#include "preload/timers.h"
#include "preload/unwind.h"
#include "preload/watcher.h"

#include <stdlib.h>

static int process; /* the pid that the records are of */

static void fork_prepare(void)
{
	watcher_before_fork();
}

/* In the child, whose only thread is the one that forked. */
static void fork_child(void)
{
	process = sys_getpid();
	watcher_forget();
	peek_forget();
	snapshot_forget();
	modules_forget();
	unwind_forget();
	arena_forget();
	creators_forget();
	timers_inherit();
	threads_forget();
}

static void exit_handler(void)
{
	/* Not in the child of a vfork, or of a fork that ran no handlers. */
	if (process == sys_getpid())
		watcher_finish();
}

__attribute__((constructor)) static void start(void)
{
	real_find_all();
	config_read();
	peek_init();
	modules_init();
	rules_init();
	outlive_init();
	scheduling_note();
	process = sys_getpid();
	threads_init();
	pthread_atfork(fork_prepare, NULL, fork_child);
	atexit(exit_handler);
	watcher_allow();
}
