/*
 * rawfork.c - children of _Fork() and of the bare system call, for which no handlers of pthread_atfork() run: they have
 * the parent's records, and no thread of the shim's. They create and join threads, and exit.
 *
 * expect: .totals.threads == 4 and .totals.started == 3 and .totals.unjoined == 0
 */
#include "tests/hostile/hostile.h"

static sem_t never, go;
static volatile int tids[3];

static void *park(void *tid)
{
	*(volatile int *)tid = thread_id();
	sem_wait(&never);
	return NULL;
}

static void *take(void *unused)
{
	sem_wait(&go);
	return unused;
}

static int child_run(int status)
{
	for (int i = 0; i < 50; i++) {
		pthread_t thread;
		MUST(pthread_create(&thread, NULL, take, NULL) == 0);
		sem_post(&go);
		MUST(pthread_join(thread, NULL) == 0);
	}
	return status;
}

int main(void)
{
	sem_init(&never, 0, 0);
	sem_init(&go, 0, 0);
	for (int i = 0; i < 3; i++) {
		pthread_t thread;
		MUST(pthread_create(&thread, NULL, park, (void *)&tids[i]) == 0);
		until_parked(&tids[i]);
	}
	pid_t child = _Fork();
	if (child == 0)
		exit(child_run(3));
	child_report("_Fork", child);
	child = (pid_t)syscall(SYS_fork);
	if (child == 0)
		exit(child_run(4));
	child_report("fork", child);
	dump_here();
	return 0;
}
