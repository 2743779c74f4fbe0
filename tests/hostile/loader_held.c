/*
 * loader_held.c - a thread waits in a constructor of a library that is being opened, so it holds the
 * loader's lock, for as long as the dumps are taken; another waits in a signal handler, whose frame only
 * libunwind can step, which cannot be opened meanwhile. Forks are not slowed. Whoever of the shim's went to open it
 * ends when it comes back.
 *
 * expect: [.groups[] | select(any(.stack[]; .function == "slow_constructor"))] | length == 1
 * expect: [.groups[] | select(any(.stack[]; .function == "in_handler"))] | length == 1
 *
 * build: -rdynamic
 */
#include "tests/hostile/hostile.h"

#include <dlfcn.h>

static volatile int opener, handler;
static sem_t never;

/* Called by the library: where it waits. */
__attribute__((visibility("default"))) void constructor_wait(sem_t *go);
static sem_t *constructor_go;

void constructor_wait(sem_t *go)
{
	constructor_go = go;
	opener = thread_id();
}

static void *open_slowly(void *path)
{
	MUST(dlopen(path, RTLD_NOW));
	return NULL;
}

static __attribute__((noinline)) void in_handler(int number)
{
	handler = thread_id();
	while (sem_wait(&never) < 0)
		;
	(void)number;
}

static void *interrupted(void *unused)
{
	raise(SIGUSR1);
	return unused;
}

static int ours(void)
{
	int all = -2;
	DIR *tasks = opendir("/proc/self/task");
	while (readdir(tasks))
		all++;
	closedir(tasks);
	return all - host_threads();
}

int main(void)
{
	struct sigaction action = {.sa_handler = in_handler};
	pthread_t thread, other;
	sem_init(&never, 0, 0);
	sigaction(SIGUSR1, &action, NULL);
	MUST(pthread_create(&thread, NULL, open_slowly, strdup(beside("loader_held_part"))) == 0);
	until_parked(&opener);
	MUST(pthread_create(&other, NULL, interrupted, NULL) == 0);
	until_parked(&handler);
	dump_here();
	dump_here();
	double began = seconds_now();
	for (int i = 0; i < 5; i++) {
		pid_t child = fork();
		if (child == 0)
			_exit(0);
		MUST(waitpid(child, NULL, 0) == child);
	}
	printf("forks: %s\n", seconds_now() - began < 1 ? "quick" : "slow");
	sem_post(constructor_go);
	pthread_join(thread, NULL);
	sem_post(&never);
	pthread_join(other, NULL);
	if (shim_is_here())
		for (double end = seconds_now() + DEADLINE_S; ours() != 1;) {
			MUST(seconds_now() < end);
			pause_ms(1);
		}
	puts("opened");
	return 0;
}
