/*
 * stacks.c - the smallest stacks that there are, 16 KiB stacks that create threads, stacks of the
 * program's own, freed and used again after the join, and stacks that begin in the middle of a page.
 *
 * expect: [.groups[] | select(any(.stack[]; .function == "park"))] | length == 1 and .[0].count == 3 and (.[0].stack | map(.function) | index("deeper") != null)
 */
#include "tests/hostile/hostile.h"

#include <limits.h>
#include <poll.h>
#include <sys/mman.h>

static sem_t never, go;
static volatile int tids[3];

static __attribute__((noinline)) void park(volatile int *tid)
{
	*tid = thread_id();
	sem_wait(&go);
	__asm__ volatile("");
}

static __attribute__((noinline)) void deeper(volatile int *tid, int depth)
{
	if (depth)
		deeper(tid, depth - 1);
	else
		park(tid);
	__asm__ volatile("");
}

static void *park_deep(void *tid)
{
	deeper(tid, 5);
	return NULL;
}

static void *nothing(void *unused)
{
	return unused;
}

/* Every family of wrapper, and creation, on this stack. */
static void *work(void *unused)
{
	struct timespec past = {0, 0};
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
	pthread_t thread;
	pthread_attr_t small;
	timer_t timer;
	struct sigevent event = {.sigev_notify = SIGEV_NONE};
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, PTHREAD_STACK_MIN);
	sem_timedwait(&never, &past);
	pthread_mutex_lock(&lock);
	pthread_cond_timedwait(&cond, &lock, &past);
	pthread_mutex_unlock(&lock);
	poll(NULL, 0, 1);
	MUST(pthread_create(&thread, &small, nothing, NULL) == 0);
	MUST(pthread_join(thread, NULL) == 0);
	MUST(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
	MUST(timer_delete(timer) == 0);
	return unused;
}

int main(void)
{
	pthread_attr_t small;
	pthread_t thread, parked[3];
	sem_init(&never, 0, 0);
	sem_init(&go, 0, 0);
	pthread_attr_init(&small);
	MUST(pthread_attr_setstacksize(&small, PTHREAD_STACK_MIN) == 0);
	for (int i = 0; i < 50; i++) {
		MUST(pthread_create(&thread, &small, work, NULL) == 0);
		MUST(pthread_join(thread, NULL) == 0);
	}
	for (int i = 0; i < 3; i++)
		MUST(pthread_create(&parked[i], &small, park_deep, (void *)&tids[i]) == 0);
	for (int i = 0; i < 3; i++)
		until_parked(&tids[i]);
	dump_here();
	for (int i = 0; i < 3; i++)
		sem_post(&go);
	for (int i = 0; i < 3; i++)
		MUST(pthread_join(parked[i], NULL) == 0);
	puts("smallest");

	for (int i = 0; i < 300; i++) {
		size_t bytes = 16384 + 4096 * (size_t)(i % 3);
		char *stack = mmap(
			NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		MUST(stack != MAP_FAILED);
		pthread_attr_init(&small);
		MUST(pthread_attr_setstack(&small, stack, bytes) == 0);
		MUST(pthread_create(&thread, &small, work, NULL) == 0);
		MUST(pthread_join(thread, NULL) == 0);
		memset(stack, 0x5a, bytes);
		munmap(stack, bytes);
	}
	puts("mapped");
	static char stack[3][20480] __attribute__((aligned(64)));
	for (int i = 0; i < 100; i++) {
		pthread_attr_init(&small);
		MUST(pthread_attr_setstack(&small, stack[i % 3], sizeof stack[0]) == 0);
		MUST(pthread_create(&thread, &small, work, NULL) == 0);
		MUST(pthread_join(thread, NULL) == 0);
		memset(stack[i % 3], 0x5a, sizeof stack[0]);
	}
	puts("static");
	return 0;
}
