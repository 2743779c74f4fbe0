/*
 * malloc_held.c - a program with an allocator of its own: one lock, and a thread that waits for ever while
 * it holds it. Every other allocation of the process would wait too; dumps are taken all the same, also of
 * a stack that needs libunwind, which is not open yet.
 *
 * expect: [.groups[] | select(any(.stack[]; .function == "hold_allocator"))] | length == 1
 * expect: [.groups[] | select(any(.stack[]; .function == "in_handler"))] | length == 1
 */
#include "tests/hostile/hostile.h"

#include <stddef.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char heap[64 << 20];
static size_t used;
static sem_t go, never;
static volatile int holder, handler;

void *malloc(size_t bytes)
{
	pthread_mutex_lock(&lock);
	size_t *memory = (size_t *)(heap + used);
	used += (bytes + sizeof(max_align_t) + 31) & ~(size_t)15;
	MUST(used < sizeof heap);
	pthread_mutex_unlock(&lock);
	memory[1] = bytes;
	return memory + 2;
}

void free(void *memory)
{
	(void)memory;
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&lock);
}

void *calloc(size_t count, size_t bytes)
{
	return malloc(count * bytes); /* never used before, so zero */
}

void *realloc(void *old, size_t bytes)
{
	char *memory = malloc(bytes);
	size_t before = old ? ((size_t *)old)[-1] : 0;
	return old ? memcpy(memory, old, before < bytes ? before : bytes) : memory;
}

static __attribute__((noinline)) void hold_allocator(void)
{
	pthread_mutex_lock(&lock);
	holder = thread_id();
	sem_wait(&go);
	pthread_mutex_unlock(&lock);
}

static void *hold(void *unused)
{
	hold_allocator();
	return unused;
}

static __attribute__((noinline)) void in_handler(int number)
{
	(void)number;
	handler = thread_id();
	while (sem_wait(&never) < 0)
		;
}

static void *interrupted(void *unused)
{
	raise(SIGUSR1);
	return unused;
}

int main(void)
{
	struct sigaction action = {.sa_handler = in_handler};
	pthread_t thread, other;
	sem_init(&go, 0, 0);
	sem_init(&never, 0, 0);
	sigaction(SIGUSR1, &action, NULL);
	MUST(pthread_create(&other, NULL, interrupted, NULL) == 0);
	MUST(pthread_create(&thread, NULL, hold, NULL) == 0);
	until_parked(&holder);
	until_parked(&handler);
	dump_here();
	dump_here();
	sem_post(&go);
	sem_post(&never);
	pthread_join(thread, NULL);
	pthread_join(other, NULL);
	free(malloc(10));
	puts("done");
	return 0;
}
