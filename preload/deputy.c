/*
 * deputy.c - clone(), with the flags by which glibc makes its threads: a filter of system calls that lets the program
 * have threads lets it have this one.
 */
#include "preload/deputy.h"
#include "preload/arena.h"
#include "preload/sys.h"
#include "preload/tids.h"

#include <linux/futex.h>
#include <linux/sched.h>
#include <pthread.h>
#include <stdint.h>

#define STACK_BYTES ((size_t)16 << 10)
#define FLAGS                                                                                      \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_SIGHAND | CLONE_THREAD |        \
		CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

/* clone(flags, stack, tid, tid, thread pointer). The child takes argument and function from its stack. */
long deputy_clone(long flags, void *stack, void *parent_tid, void *child_tid, void *pointer)
	__attribute__((visibility("hidden")));

__asm__(".pushsection .text\n"
	".hidden deputy_clone\n"
	".type deputy_clone, @function\n"
	"deputy_clone:\n"
	"	.cfi_startproc\n"
	"	movq %rcx, %r10\n"
	"	movl $56, %eax\n" /* SYS_clone */
	"	syscall\n"
	"	testq %rax, %rax\n"
	"	jz 1f\n"
	"	ret\n"
	"1:	.cfi_undefined rip\n"
	"	xorl %ebp, %ebp\n"
	"	popq %rdi\n"
	"	popq %rax\n"
	"	call *%rax\n"
	"	xorl %edi, %edi\n"
	"	movl $60, %eax\n" /* SYS_exit */
	"	syscall\n"
	"	hlt\n"
	"	.cfi_endproc\n"
	".size deputy_clone, . - deputy_clone\n"
	".popsection\n");

bool deputy_start(struct deputy *deputy, void (*run)(void *argument), void *argument)
{
	deputy->tid = 0;
	deputy->stack = arena_map(STACK_BYTES);
	if (!deputy->stack)
		return false;
	uintptr_t *top = (uintptr_t *)(deputy->stack + STACK_BYTES);
	*--top = (uintptr_t)run;
	*--top = (uintptr_t)argument;
	long tid = deputy_clone(FLAGS, top, &deputy->tid, &deputy->tid, (void *)pthread_self());
	if (tid < 0) {
		arena_unmap(deputy->stack, STACK_BYTES);
		return false;
	}
	deputy->excluded = (int)tid;
	tids_exclude((int)tid);
	return true;
}

bool deputy_await(struct deputy *deputy, unsigned ms)
{
	uint64_t end_ns = sys_clock_ns(CLOCK_MONOTONIC) + ms * UINT64_C(1000000);
	for (int tid; (tid = deputy->tid) != 0;) {
		uint64_t now_ns = sys_clock_ns(CLOCK_MONOTONIC);
		if (now_ns >= end_ns)
			return false;
		struct timespec limit = {0, (long)((end_ns - now_ns) % 1000000000u)};
		/* Not a private one: the kernel's word at a thread's end is not. */
		sys_call4(SYS_futex, (long)&deputy->tid, FUTEX_WAIT, tid, (long)&limit);
	}
	tids_exclude_no_more(deputy->excluded);
	arena_unmap(deputy->stack, STACK_BYTES);
	return true;
}

void state_await(_Atomic int *state, int value, unsigned ms)
{
	uint64_t end_ns = sys_clock_ns(CLOCK_MONOTONIC) + ms * UINT64_C(1000000);
	while (atomic_load(state) == value) {
		uint64_t now_ns = sys_clock_ns(CLOCK_MONOTONIC);
		if (now_ns >= end_ns)
			return;
		struct timespec limit = {0, (long)((end_ns - now_ns) % 1000000000u)};
		sys_call4(SYS_futex, (long)state, FUTEX_WAIT_PRIVATE, value, (long)&limit);
	}
}

bool state_change(_Atomic int *state, int from, int to)
{
	if (!atomic_compare_exchange_strong(state, &from, to))
		return false;
	sys_call4(SYS_futex, (long)state, FUTEX_WAKE_PRIVATE, INT32_MAX, 0);
	return true;
}
