/*
 * chroot.c - a process that goes into an empty root directory, and where it may, into new namespaces.
 *
 * expect: [.groups[] | select(any(.stack[]; .function == "park"))] | length == 1
 */
#include "tests/hostile/hostile.h"

#include <sched.h>
#include <sys/stat.h>

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
	pthread_t thread;
	if (getuid() != 0) {
		puts("not root");
		return SKIP;
	}
	sem_init(&never, 0, 0);
	MUST(pthread_create(&thread, NULL, run, NULL) == 0);
	until_parked(&tid);
	printf("unshare: %d\n", unshare(CLONE_FS | CLONE_FILES | CLONE_NEWNS | CLONE_NEWNET));
	MUST(mkdir("empty", 0755) == 0 || errno == EEXIST);
	MUST(chdir("empty") == 0 && chroot(".") == 0);
	pause_ms(300);
	printf("outside: %d\n", access("/proc", F_OK));
	return 0;
}
