/*
 * seccomp.c - sandboxes that forbid what the shim's thread needs, each in a process of its own: by an
 * error or by death, before the first thread or after, for every thread. What the program itself does not
 * do must not end it, and the dumps that are possible are taken.
 */
#include "tests/hostile/hostile.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <ucontext.h>

static sem_t go;
static volatile int tids[3];

static void *park(void *tid)
{
	*(volatile int *)tid = thread_id();
	sem_wait(&go);
	return NULL;
}

/* Whether they are parked yet does not matter. */
static void threads_make(pthread_t threads[3])
{
	for (int i = 0; i < 3; i++) {
		MUST(pthread_create(&threads[i], NULL, park, (void *)&tids[i]) == 0);
		while (!tids[i]) /* until_parked() reads files */
			pause_ms(1);
	}
}

/* Forbids the calls of the list, ended by -1. */
static void forbid(const int *calls, unsigned how)
{
	struct sock_filter filter[64] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	unsigned short count = 1;
	for (; *calls >= 0; calls++) {
		filter[count++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, (unsigned)*calls, 0, 1);
		filter[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, how);
	}
	filter[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {count, filter};
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	MUST(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) ==
		0);
}

static const struct {
	const char *name;
	int calls[16];
	unsigned how;
	int late; /* after the threads */
} boxes[] = {
	{"no process_vm_readv", {SYS_process_vm_readv, -1}, SECCOMP_RET_ERRNO | EPERM, 0},
	{"process_vm_readv unknown", {SYS_process_vm_readv, -1}, SECCOMP_RET_ERRNO | ENOSYS, 1},
	{"process_vm_readv deadly", {SYS_process_vm_readv, -1}, SECCOMP_RET_KILL_PROCESS, 0},
	{"process_vm_readv deadly, late", {SYS_process_vm_readv, -1}, SECCOMP_RET_KILL_PROCESS, 1},
	{"no close_range", {SYS_close_range, -1}, SECCOMP_RET_ERRNO | EPERM, 0},
	{"close_range unknown", {SYS_close_range, -1}, SECCOMP_RET_ERRNO | ENOSYS, 0},
	{"no table of its own", {SYS_close_range, SYS_unshare, -1}, SECCOMP_RET_ERRNO | EPERM, 0},
	{"no files", {SYS_openat, SYS_open, -1}, SECCOMP_RET_ERRNO | EACCES, 1},
	{"no files, early", {SYS_openat, SYS_open, -1}, SECCOMP_RET_ERRNO | EACCES, 0},
	{"no sockets", {SYS_socket, SYS_bind, SYS_accept4, -1}, SECCOMP_RET_ERRNO | EPERM, 0},
	{"nothing that a worker needs",
		{SYS_openat, SYS_open, SYS_process_vm_readv, SYS_close_range, SYS_unshare,
			SYS_socket, SYS_ppoll, SYS_getdents64, SYS_prctl, SYS_madvise, SYS_tgkill,
			-1},
		SECCOMP_RET_ERRNO | EPERM, 1},
	{"traps", {SYS_openat, SYS_open, SYS_process_vm_readv, SYS_close_range, SYS_socket, -1},
		SECCOMP_RET_TRAP, 0},
	{"traps, late", {SYS_openat, SYS_open, SYS_process_vm_readv, SYS_ppoll, SYS_newfstatat, -1},
		SECCOMP_RET_TRAP, 1},
};

/* The sandboxes of browsers answer forbidden calls in a handler, of whatever thread. */
static void refuse(int number, siginfo_t *info, void *context)
{
	(void)number, (void)info;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = -ENOSYS;
}

static int box_run(int box)
{
	pthread_t threads[3];
	struct sigaction action = {.sa_sigaction = refuse, .sa_flags = SA_SIGINFO};
	sigaction(SIGSYS, &action, NULL);
	if (!boxes[box].late)
		forbid(boxes[box].calls, boxes[box].how);
	threads_make(threads);
	if (boxes[box].late) {
		pause_ms(60);
		forbid(boxes[box].calls, boxes[box].how);
	}
	pause_ms(150);
	/* The numbers of descriptors are the program's own. */
	printf("%s: %d\n", boxes[box].name, dup(0));
	for (int i = 0; i < 3; i++)
		sem_post(&go);
	for (int i = 0; i < 3; i++)
		MUST(pthread_join(threads[i], NULL) == 0);
	return box;
}

int main(void)
{
	sem_init(&go, 0, 0);
	for (int box = 0; box < (int)(sizeof boxes / sizeof *boxes); box++) {
		pid_t child = fork();
		if (child == 0)
			exit(box_run(box));
		child_report(boxes[box].name, child);
	}
	return 0;
}
