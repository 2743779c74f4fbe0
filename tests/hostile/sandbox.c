/*
 * sandbox.c - a program whose filter ends it for process_vm_readv(). Its stacks are read all the same.
 *
 * expect: [.groups[] | select(any(.stack[]; .function == "park"))] | length == 1 and .[0].count == 1 and .[0].wait == "sem_wait"
 * expect: (.losses.stack_unreadable // 0) == 0
 */
#include "tests/hostile/hostile.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

static sem_t never;
static volatile int tid;

static __attribute__((noinline)) void park(void)
{
	for (;;)
		sem_wait(&never);
}

static void *run(void *unused)
{
	tid = thread_id();
	park();
	return unused;
}

int main(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_readv, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
	pthread_t thread;
	sem_init(&never, 0, 0);
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
	MUST(pthread_create(&thread, NULL, run, NULL) == 0);
	until_parked(&tid);
	dump_here();
	puts("alive");
	return 0;
}
