/*
 * main_exits.c - the main thread ends with pthread_exit() while others run on. The process ends when the
 * last of them does, with its exit handlers run and its output written: a thread of the shim's must not
 * keep it alive. The memory of a process whose first thread is gone is still readable.
 *
 * expect: [.groups[] | select(any(.stack[]; .function == "park"))] | length == 1 and .[0].wait == "sem_wait"
 * expect: .totals.threads <= 3 and (.losses.stack_unreadable // 0) == 0
 */
#include "tests/hostile/hostile.h"

static pthread_t first;
static volatile int parked;
static sem_t go;

static void at_exit(void)
{
	puts("exit handler");
}

static void last_words(void *unused)
{
	(void)unused;
	puts("key destructor");
}

static __attribute__((noinline)) void park(void)
{
	parked = thread_id();
	sem_wait(&go);
	puts("woken"); /* stays in the buffer until exit() */
}

static void *run(void *key)
{
	pthread_setspecific(*(pthread_key_t *)key, "some");
	park();
	return NULL;
}

static void *look(void *unused)
{
	MUST(pthread_join(first, NULL) == 0);
	until_parked(&parked);
	dump_here();
	sem_post(&go);
	return unused;
}

int main(void)
{
	static pthread_key_t key;
	pthread_t thread;
	first = pthread_self();
	atexit(at_exit);
	sem_init(&go, 0, 0);
	pthread_key_create(&key, last_words);
	MUST(pthread_create(&thread, NULL, run, &key) == 0);
	MUST(pthread_create(&thread, NULL, look, NULL) == 0);
	pthread_exit(NULL);
}
