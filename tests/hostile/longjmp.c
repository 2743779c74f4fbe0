/*
 * longjmp.c - a signal handler jumps out of waits with siglongjmp(). The waits left behind are not taken
 * for going on: neither while the thread computes, nor under a later wait.
 *
 * expect: [.groups[] | select(any(.stack[]; .function == "wait_deep"))] | length == 0
 * expect: [.groups[] | select(any(.stack[]; .function == "wait_last"))] | length == 1 and .[0].wait == "sem_wait" and .[0].count == 1
 * expect: .totals.blocked == 2
 */
#include "tests/hostile/hostile.h"

#include <poll.h>
#include <setjmp.h>

static sigjmp_buf back;
static sem_t never, go;
static volatile int waiter, jumped, computing;
static int out[2];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;

static void jump(int number)
{
	siglongjmp(back, number);
}

static __attribute__((noinline)) void wait_deep(int kind)
{
	char space[256], byte;
	memset(space, kind, sizeof space);
	switch (kind % 4) {
	case 0:
		sem_wait(&never);
		break;
	case 1:
		MUST(read(out[0], &byte, 1) == 1);
		break;
	case 2:
		poll(NULL, 0, -1);
		break;
	case 3:
		pthread_mutex_lock(&lock);
		pthread_cond_wait(&cond, &lock);
		break;
	}
	MUST(space[0] == 100);
}

static __attribute__((noinline)) void wait_last(void)
{
	sem_wait(&go);
	__asm__ volatile(""); /* no tail call */
}

static void *run(void *unused)
{
	static volatile int kind;
	for (kind = 0; kind < 40; kind++) {
		if (sigsetjmp(back, 1) == 0) {
			waiter = thread_id();
			wait_deep(kind);
		}
		waiter = 0;
		jumped++;
		/* The signal came while it waited, so the lock is held again only by chance. */
		if (kind % 4 == 3)
			pthread_mutex_init(&lock, NULL);
	}
	computing = 1;
	while (computing == 1)
		;
	wait_last();
	return unused;
}

int main(void)
{
	struct sigaction action = {.sa_handler = jump};
	pthread_t thread, last;
	sigaction(SIGUSR1, &action, NULL);
	sem_init(&never, 0, 0);
	sem_init(&go, 0, 0);
	MUST(pipe(out) == 0);
	MUST(pthread_create(&thread, NULL, run, NULL) == 0);
	for (int jumps = 0; jumps < 40; jumps++) {
		until_parked(&waiter);
		pthread_kill(thread, SIGUSR1);
		while (jumped == jumps)
			;
	}
	while (!computing)
		;
	puts("computing");
	/* Long enough for the shim to look twice. */
	pause_ms(150);
	MUST(pthread_create(&last, NULL, (void *(*)(void *))(void *)wait_last, NULL) == 0);
	pause_ms(20);
	dump_here();
	computing = 2;
	sem_post(&go);
	sem_post(&go);
	pthread_join(thread, NULL);
	pthread_join(last, NULL);
	puts("done");
	return 0;
}
