/*
 * exec_thread.c - a thread that is not the main one executes another program, while the main one waits in
 * pthread_join() and others wait elsewhere. The new image, of the same process id, is watched anew.
 *
 * expect: [.groups[] | select(any(.stack[]; .function == "second_park"))] | length == 1
 */
#include "tests/hostile/hostile.h"

static sem_t never;
static volatile int tid;

static void *park(void *unused)
{
	for (;;)
		sem_wait(&never);
	return unused;
}

static void *exec_again(void *self)
{
	char *const arguments[] = {self, "again", NULL};
	pause_ms(100);
	execv(self, arguments);
	MUST(!"exec");
	return NULL;
}

static __attribute__((noinline)) void *second_park(void *unused)
{
	tid = thread_id();
	for (;;)
		sem_wait(&never);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	sem_init(&never, 0, 0);
	if (argc > 1) {
		printf("again\n");
		MUST(pthread_create(&thread, NULL, second_park, NULL) == 0);
		until_parked(&tid);
		dump_here();
		return 4;
	}
	for (int i = 0; i < 5; i++)
		MUST(pthread_create(&thread, NULL, park, NULL) == 0);
	MUST(pthread_create(&thread, NULL, exec_again, argv[0]) == 0);
	pthread_join(thread, NULL);
	return 0;
}
