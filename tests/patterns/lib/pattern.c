/*
 * pattern.c - main() of all patterns.
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STACK_BYTES (64 * 1024)

void must(bool succeeded, const char *what)
{
	if (succeeded)
		return;
	perror(what);
	_exit(3);
}

void *memory_make(size_t bytes)
{
	void *memory = calloc(1, bytes);
	must(memory, "calloc");
	return memory;
}

void sleep_ms(unsigned ms)
{
	struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};
	while (nanosleep(&time, &time) != 0 && errno == EINTR)
		;
}

static pthread_t thread_make(void *(*routine)(void *), void *argument, int state)
{
	pthread_attr_t attributes;
	pthread_t thread;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	pthread_attr_setdetachstate(&attributes, state);
	must(pthread_create(&thread, &attributes, routine, argument) == 0, "pthread_create");
	pthread_attr_destroy(&attributes);
	return thread;
}

pthread_t thread_start(void *(*routine)(void *), void *argument)
{
	return thread_make(routine, argument, PTHREAD_CREATE_JOINABLE);
}

void thread_start_detached(void *(*routine)(void *), void *argument)
{
	thread_make(routine, argument, PTHREAD_CREATE_DETACHED);
}

/* --- gates ---------------------------------------------------------------------------------------- */

struct gate *gate_make(void)
{
	struct gate *gate = memory_make(sizeof *gate);
	pthread_mutex_init(&gate->mutex, NULL);
	pthread_cond_init(&gate->opened, NULL);
	return gate;
}

void gate_open(struct gate *gate)
{
	pthread_mutex_lock(&gate->mutex);
	gate->is_open = true;
	pthread_cond_broadcast(&gate->opened);
	pthread_mutex_unlock(&gate->mutex);
}

void gate_await(struct gate *gate)
{
	pthread_mutex_lock(&gate->mutex);
	while (!gate->is_open)
		pthread_cond_wait(&gate->opened, &gate->mutex);
	pthread_mutex_unlock(&gate->mutex);
}

/* --- the run -------------------------------------------------------------------------------------- */

static void *server_run(void *leak)
{
	unsigned requests = pattern.requests ? pattern.requests : REQUESTS_ALL;
	for (unsigned i = 0; pattern.request && i < requests; i++) {
		pattern.request(leak != NULL);
		sleep_ms(REQUEST_MS);
	}
	for (;;)
		sleep_ms(REQUEST_MS);
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc != 2 || (strcmp(argv[1], "leak") != 0 && strcmp(argv[1], "fix") != 0)) {
		fprintf(stderr, "Usage: %s leak|fix\n", argv[0]);
		return 2;
	}
	bool leak = !strcmp(argv[1], "leak");
	company_start(pattern.company);
	if (pattern.start)
		pattern.start(leak);
	thread_start_detached(server_run, leak ? argv : NULL);
	sleep_ms(RUN_MS);
	_exit(0);
}
