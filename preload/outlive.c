/*
 * outlive.c - glibc's count of threads, and the kernel's.
 *
 * glibc keeps its count in __nptl_nthreads (nptl/pthread_create.c), exported for libthread_db alone; where
 * that name is missing nothing is changed, and a process whose last thread calls pthread_exit() ends all
 * the same, by outlive_host_gone(), but without its exit handlers.
 */
#include "preload/outlive.h"
#include "preload/proc.h"
#include "preload/sys.h"
#include "preload/tids.h"

#include <dlfcn.h>

static unsigned *counted; /* glibc's; NULL: not known */

void outlive_init(void)
{
	counted = dlvsym(RTLD_DEFAULT, "__nptl_nthreads", "GLIBC_PRIVATE");
}

void outlive_uncount(void)
{
	if (counted)
		__atomic_fetch_sub(counted, 1, __ATOMIC_SEQ_CST);
}

_Noreturn void outlive_end(void)
{
	for (;;)
		sys_call1(SYS_exit, 0);
}

bool outlive_host_gone(void)
{
	long threads = proc_threads_count();
	return threads >= 0 && threads <= 1 + tids_excluded_alive() && proc_main_ended();
}
