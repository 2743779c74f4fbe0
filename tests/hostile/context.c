/*
 * context.c - coroutines on heap stacks that wait, and a signal handler that leaves a wait with
 * swapcontext() and comes back to it much later. Stacks are whole, from whatever memory.
 *
 * expect: [.groups[] | select(.wait == "sem_wait" and any(.stack[]; .function == "coroutine_wait") and any(.stack[]; .function == "coroutine"))] | length == 1
 */
#include "tests/hostile/hostile.h"

#include <ucontext.h>

#define COROUTINES  8
#define STACK_BYTES 65536

static ucontext_t scheduler, coroutines[COROUTINES], interrupted;
static sem_t never, go;
static volatile int waiter, handled, inside;
static int turns;

static __attribute__((noinline)) void coroutine_wait(sem_t *sem, int blocks)
{
	struct timespec soon;
	clock_gettime(CLOCK_REALTIME, &soon);
	soon.tv_nsec += 200000;
	if (soon.tv_nsec >= 1000000000) {
		soon.tv_sec++;
		soon.tv_nsec -= 1000000000;
	}
	if (blocks)
		while (sem_wait(sem) < 0)
			;
	else
		MUST(sem_timedwait(sem, &soon) < 0);
}

static void coroutine(int number)
{
	for (int turn = 0; turn < 20; turn++) {
		coroutine_wait(&never, 0);
		turns++;
		swapcontext(&coroutines[number], &scheduler);
	}
	if (number == 0) {
		waiter = thread_id();
		coroutine_wait(&go, 1);
	}
	swapcontext(&coroutines[number], &scheduler);
}

static void *schedule(void *unused)
{
	for (int i = 0; i < COROUTINES; i++) {
		getcontext(&coroutines[i]);
		coroutines[i].uc_stack.ss_sp = malloc(STACK_BYTES);
		coroutines[i].uc_stack.ss_size = STACK_BYTES;
		makecontext(&coroutines[i], (void (*)(void))(void *)coroutine, 1, i);
	}
	for (int turn = 0; turn <= 20; turn++)
		for (int i = 0; i < COROUTINES; i++)
			swapcontext(&scheduler, &coroutines[i]);
	for (int i = 0; i < COROUTINES; i++)
		free(coroutines[i].uc_stack.ss_sp);
	return unused;
}

/* Leaves the wait that it interrupts for the scheduler below, and is resumed by it. */
static void leave(int number)
{
	(void)number;
	inside = 0;
	handled++;
	swapcontext(&interrupted, &scheduler);
}

static void inner(void)
{
	waiter = thread_id();
	while (sem_wait(&go) < 0)
		;
	puts("inner woken");
	swapcontext(&coroutines[0], &scheduler);
}

static void *schedule_signals(void *unused)
{
	getcontext(&coroutines[0]);
	coroutines[0].uc_stack.ss_sp = malloc(STACK_BYTES);
	coroutines[0].uc_stack.ss_size = STACK_BYTES;
	makecontext(&coroutines[0], inner, 0);
	inside = 1;
	swapcontext(&scheduler, &coroutines[0]);
	while (handled < 100) {
		/* Out of the wait: others may be entered and left meanwhile. */
		coroutine_wait(&never, 0);
		inside = 1;
		swapcontext(&scheduler, &interrupted);
	}
	printf("handled %d\n", handled);
	swapcontext(&scheduler, &interrupted);
	free(coroutines[0].uc_stack.ss_sp);
	return unused;
}

int main(void)
{
	struct sigaction action = {.sa_handler = leave};
	pthread_t thread;
	sigaction(SIGUSR1, &action, NULL);
	sem_init(&never, 0, 0);
	sem_init(&go, 0, 0);
	MUST(pthread_create(&thread, NULL, schedule, NULL) == 0);
	until_parked(&waiter);
	dump_here();
	sem_post(&go);
	pthread_join(thread, NULL);
	printf("turns %d\n", turns);

	waiter = 0;
	MUST(pthread_create(&thread, NULL, schedule_signals, NULL) == 0);
	for (int i = 0; i < 100; i++) {
		int before = handled;
		while (!inside)
			;
		until_parked(&waiter);
		pthread_kill(thread, SIGUSR1);
		while (handled == before)
			;
	}
	sem_post(&go);
	pthread_join(thread, NULL);
	return 0;
}
