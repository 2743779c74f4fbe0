/*
 * raw_exit.c - every thread ends by the exit system call, behind libc's back. The process ends with the
 * last of them, and its status is the main thread's.
 */
#include "tests/hostile/hostile.h"

static void *run(void *unused)
{
	pause_ms(100);
	syscall(SYS_exit, 0);
	return unused;
}

int main(void)
{
	pthread_t thread;
	MUST(pthread_create(&thread, NULL, run, NULL) == 0);
	syscall(SYS_exit, 7);
}
