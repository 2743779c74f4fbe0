/*
 * trapflag.c - the processor stops after every instruction of a thread, also of the shim's, and the
 * handler waits each time, as a profiler's could. The wait that is going on in the end is the one shown.
 *
 * expect: [.groups[] | select(any(.stack[]; .function == "park"))] | length == 1 and .[0].wait == "sem_wait" and .[0].stack[0].function == "park"
 */
#include "tests/hostile/hostile.h"

static sem_t go;
static int pipes[2];
static volatile int tid, steps, bad;

static void on_step(int number)
{
	char byte = 'x';
	(void)number;
	steps++;
	if (write(pipes[1], &byte, 1) != 1 || read(pipes[0], &byte, 1) != 1)
		bad++;
}

static void trap_set(int on)
{
	if (on)
		__asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq" ::: "cc", "memory");
	else
		__asm__ volatile("pushfq; andq $~0x100, (%%rsp); popfq" ::: "cc", "memory");
}

static __attribute__((noinline)) void park(void)
{
	trap_set(1);
	while (sem_wait(&go) < 0)
		;
	trap_set(0);
}

static void *run(void *unused)
{
	tid = thread_id();
	for (int round = 0; round < 3; round++)
		park();
	return unused;
}

int main(void)
{
	struct sigaction action = {.sa_handler = on_step};
	pthread_t thread;
	sigaction(SIGTRAP, &action, NULL);
	sem_init(&go, 0, 0);
	MUST(pipe(pipes) == 0);
	MUST(pthread_create(&thread, NULL, run, NULL) == 0);
	for (int round = 0; round < 3; round++) {
		/* It sleeps between steps too, for a moment: until it does no more steps. */
		int before;
		do {
			before = steps;
			pause_ms(30);
			until_parked(&tid);
		} while (!steps || steps != before);
		dump_here();
		sem_post(&go);
	}
	pthread_join(thread, NULL);
	printf("stepped %d, bad %d\n", steps > 30, bad);
	return 0;
}
