/*
 * create_fails.c - thread creations that fail, for every reason: the error is the same, nothing leaks, and
 * the next one works.
 *
 * expect: .totals.unjoined == 0 and .totals.threads == 1 and .totals.started == 1 and .totals.exited == 1
 */
#include "tests/hostile/hostile.h"

#include <sys/mman.h>
#include <sys/resource.h>

static void *nothing(void *argument)
{
	return argument;
}

static int create_with(const pthread_attr_t *attributes)
{
	pthread_t thread;
	errno = 99;
	int error = pthread_create(&thread, attributes, nothing, NULL);
	MUST(errno == 99 || error == EAGAIN);
	return error;
}

int main(void)
{
	pthread_attr_t attributes;
	struct sched_param priority = {.sched_priority = 1};
	pthread_t thread;
	/* No memory for the stack. */
	pthread_attr_init(&attributes);
	MUST(pthread_attr_setstacksize(&attributes, (size_t)1 << 46) == 0);
	for (int i = 0; i < 1000; i++)
		MUST(create_with(&attributes) == EAGAIN);
	printf("no memory: %s\n", strerrorname_np(create_with(&attributes)));

	/* In a child, which gives up its rights: no permission, and no more processes. */
	pid_t child = fork();
	if (child == 0) {
		struct rlimit none = {0, 0};
		if (getuid() == 0)
			MUST(setuid(65534) == 0);
		setrlimit(RLIMIT_RTPRIO, &none);
		pthread_attr_init(&attributes);
		pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
		pthread_attr_setschedpolicy(&attributes, SCHED_FIFO);
		pthread_attr_setschedparam(&attributes, &priority);
		printf("no permission: %s\n", strerrorname_np(create_with(&attributes)));
		struct rlimit few = {1, 1};
		MUST(setrlimit(RLIMIT_NPROC, &few) == 0);
		printf("no process: %s\n", strerrorname_np(create_with(NULL)));
		exit(0);
	}
	child_report("child", child);

	void *result = NULL;
	MUST(pthread_create(&thread, NULL, nothing, &result) == 0);
	MUST(pthread_join(thread, &result) == 0);
	printf("works: %d\n", result == &result);
	dump_here();
	return 0;
}
