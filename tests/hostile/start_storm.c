/*
 * start_storm.c - signals that reach threads at their first instructions, and whose handlers wait: before
 * the shim has begun with the thread. Each thread is there once.
 *
 * expect: [.groups[].threads[].tid] | length == (unique | length)
 * expect: .totals.threads == 41 and .totals.started == 40 and .totals.exited == 0
 * expect: [.groups[] | select(any(.stack[]; .function == "park"))] | map(.count) | add == 40
 */
#include "tests/hostile/hostile.h"

#define THREADS 40

static sem_t go;
static volatile int tids[THREADS], handled;
static int pipes[2];

static void on_signal(int number)
{
	char byte = 'x';
	(void)number;
	MUST(write(pipes[1], &byte, 1) == 1 && read(pipes[0], &byte, 1) == 1);
	handled++;
}

static __attribute__((noinline)) void park(volatile int *tid)
{
	*tid = thread_id();
	while (sem_wait(&go) < 0)
		;
	__asm__ volatile("");
}

static void *run(void *tid)
{
	sigset_t one;
	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &one, NULL);
	park(tid);
	return NULL;
}

int main(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	pthread_attr_t attributes;
	pthread_t threads[THREADS];
	sigset_t one, none;
	sem_init(&go, 0, 0);
	sigaction(SIGUSR1, &action, NULL);
	sigemptyset(&none);
	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &one, NULL);
	pthread_attr_init(&attributes);
	MUST(pthread_attr_setsigmask_np(&attributes, &none) == 0);
	MUST(pipe(pipes) == 0);
	for (int i = 0; i < THREADS; i++) {
		/* Pending for the process until a thread comes that does not block it; those before are told
		 * to, by their own hands. */
		int before = handled;
		kill(getpid(), SIGUSR1);
		MUST(pthread_create(&threads[i], &attributes, run, (void *)&tids[i]) == 0);
		double end = seconds_now() + DEADLINE_S;
		while (handled == before)
			MUST(seconds_now() < end);
		until_parked(&tids[i]);
	}
	dump_here();
	for (int i = 0; i < THREADS; i++)
		sem_post(&go);
	for (int i = 0; i < THREADS; i++)
		MUST(pthread_join(threads[i], NULL) == 0);
	printf("handled %d\n", handled);
	return 0;
}
