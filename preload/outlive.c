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

#include <dlfcn.h>
#include <stdatomic.h>

static unsigned *counted; /* glibc's; NULL: not known */
static _Atomic unsigned ours;

void outlive_init(void)
{
	counted = dlvsym(RTLD_DEFAULT, "__nptl_nthreads", "GLIBC_PRIVATE");
}

void outlive_uncount(void)
{
	atomic_fetch_add(&ours, 1);
	if (counted)
		__atomic_fetch_sub(counted, 1, __ATOMIC_SEQ_CST);
}

_Noreturn void outlive_end(void)
{
	atomic_fetch_sub(&ours, 1);
	for (;;)
		sys_call1(SYS_exit, 0);
}

bool outlive_host_gone(void)
{
	long threads = proc_threads_count();
	return threads >= 0 && threads <= 1 + (long)atomic_load(&ours) && proc_main_ended();
}

void outlive_forget(void)
{
	atomic_store(&ours, 0);
}
