/*
 * plugin.c - a C program that opens a C++ plugin, and cancels a thread that waits in it: the unwinder
 * (libgcc_s) arrives late, and must be found before any other library's.
 *
 * expect: [.groups[] | select(.wait == "cond_wait" and .stack[0].function == "plugin_wait")] | length == 1
 */
#include "tests/hostile/hostile.h"

#include <dlfcn.h>

static volatile int tid;
static void (*plugin_run)(void (*)(void), volatile int *);

static void say(void)
{
	puts("destructor ran");
}

static void *run(void *unused)
{
	plugin_run(say, &tid);
	return unused;
}

int main(void)
{
	pthread_t thread;
	void *result;
	void *plugin = dlopen(beside("plugin_part"), RTLD_NOW | RTLD_LOCAL);
	MUST(plugin);
	void *symbol = dlsym(plugin, "plugin_run");
	memcpy(&plugin_run, &symbol, sizeof plugin_run);
	for (int round = 0; round < 3; round++) {
		tid = 0;
		MUST(pthread_create(&thread, NULL, run, NULL) == 0);
		until_parked(&tid);
		dump_here();
		MUST(pthread_cancel(thread) == 0);
		MUST(pthread_join(thread, &result) == 0);
		printf("cancelled: %d\n", result == PTHREAD_CANCELED);
	}
	return 0;
}
