/*
 * allocators.c - threads that allocate, under other people's allocators, preloaded before and after the
 * shim: each calls mutexes, reads files and asks the loader while it starts, long before any constructor.
 *
 * variant: libjemalloc.so.2 SHIM
 * variant: SHIM libjemalloc.so.2
 * variant: libtcmalloc_minimal.so.4 SHIM
 * variant: SHIM libtcmalloc_minimal.so.4
 * env: MALLOC_CONF=prof:true,lg_prof_sample:12,background_thread:true
 * expect: [.groups[] | select(any(.stack[]; .function == "park"))] | length == 1 and .[0].count == 3
 */
#include "tests/hostile/hostile.h"

static sem_t go;
static volatile int tids[3];

static __attribute__((noinline)) void park(volatile int *tid)
{
	*tid = thread_id();
	sem_wait(&go);
	__asm__ volatile("");
}

static void *allocate(void *tid)
{
	static _Thread_local char *kept[256];
	for (unsigned i = 0; i < 20000; i++) {
		free(kept[i % 256]);
		kept[i % 256] = calloc(1, i * 37 % 5000 + 1);
		MUST(kept[i % 256] && kept[i % 256][0] == 0);
	}
	for (int i = 0; i < 256; i++)
		free(kept[i]);
	park(tid);
	return NULL;
}

int main(void)
{
	pthread_t threads[3];
	sem_init(&go, 0, 0);
	for (int i = 0; i < 3; i++)
		MUST(pthread_create(&threads[i], NULL, allocate, (void *)&tids[i]) == 0);
	for (int i = 0; i < 3; i++)
		until_parked(&tids[i]);
	dump_here();
	for (int i = 0; i < 3; i++)
		sem_post(&go);
	for (int i = 0; i < 3; i++)
		MUST(pthread_join(threads[i], NULL) == 0);
	puts("allocated");
	return 0;
}
