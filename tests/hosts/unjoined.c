/*
 * unjoined.c - threads that finish in every way, joined, detached or neither, each made by a function of its own.
 *
 *	unjoined	when all have finished it prints "FUNCTION START STACK_BYTES" for those that a report should
 *			list as never joined, separated by tabs, then "ready". A line on its input: they are joined or
 *			detached, it prints "joined". It ends with its input.
 */
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define MAKES static __attribute__((noinline)) void
#define LEFT  16

static pthread_t left[LEFT];
static const char *makers[LEFT], *starts[LEFT];
static size_t sizes[LEFT];
static int left_count;

static void require(int error, const char *what)
{
	if (!error)
		return;
	fprintf(stderr, "unjoined: %s: %s\n", what, strerror(error));
	exit(1);
}

static size_t default_bytes(void)
{
	pthread_attr_t attributes;
	size_t bytes;
	pthread_getattr_default_np(&attributes);
	pthread_attr_getstacksize(&attributes, &bytes);
	return bytes;
}

static void leave(pthread_t thread, const char *maker, const char *start, size_t bytes)
{
	left[left_count] = thread;
	makers[left_count] = maker;
	starts[left_count] = start;
	sizes[left_count++] = bytes ? bytes : default_bytes();
}

/* --- ways to end ------------------------------------------------------------------------------------ */

static _Atomic int begun, ended;

static void *run_return(void *unused)
{
	ended++;
	return unused;
}

static void *run_exit(void *unused)
{
	ended++;
	pthread_exit(unused);
}

static void *run_cancelled(void *unused)
{
	begun++;
	for (;;)
		pause();
	return unused;
}

/* No destructor runs, and nobody is told. */
static void *run_raw_exit(void *unused)
{
	ended++;
	syscall(SYS_exit, 0);
	return unused;
}

static int run_c11(void *unused)
{
	(void)unused;
	ended++;
	return 0;
}

static int run_c11_exit(void *unused)
{
	(void)unused;
	ended++;
	thrd_exit(0);
}

static void *run_detach_self(void *unused)
{
	pthread_detach(pthread_self());
	ended++;
	return unused;
}

/* Until so many have passed their last instruction but a few. */
static void wait_ended(int count)
{
	while (ended < count)
		usleep(1000);
}

/* Until the kernel has no such thread: detaching comes after the end, for certain. */
static void wait_gone(pthread_t thread)
{
	char path[64];
	clockid_t clock;
	/* The thread's CPU clock holds its tid (see <linux/posix-timers.h>), and goes with it. */
	if (pthread_getcpuclockid(thread, &clock) != 0)
		return;
	snprintf(path, sizeof path, "/proc/self/task/%d", ~(clock >> 3));
	while (access(path, F_OK) == 0)
		usleep(1000);
}

/* --- never joined ----------------------------------------------------------------------------------- */

static pthread_t thread_make(void *(*start)(void *), pthread_attr_t *attributes)
{
	pthread_t thread;
	require(pthread_create(&thread, attributes, start, NULL), "pthread_create");
	return thread;
}

MAKES make_returned(void)
{
	leave(thread_make(run_return, NULL), __func__, "run_return", 0);
}

MAKES make_exited(void)
{
	leave(thread_make(run_exit, NULL), __func__, "run_exit", 0);
}

MAKES make_cancelled(void)
{
	pthread_t thread = thread_make(run_cancelled, NULL);
	while (!begun)
		usleep(1000);
	pthread_cancel(thread);
	ended++;
	leave(thread, __func__, "run_cancelled", 0);
}

MAKES make_raw_exited(void)
{
	leave(thread_make(run_raw_exit, NULL), __func__, "run_raw_exit", 0);
}

MAKES make_small(void)
{
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 65536);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_JOINABLE);
	leave(thread_make(run_return, &attributes), __func__, "run_return", 65536);
}

MAKES make_c11(void)
{
	thrd_t thread;
	require(thrd_create(&thread, run_c11, NULL) != thrd_success, "thrd_create");
	leave(thread, __func__, "run_c11", 0);
}

MAKES make_c11_exited(void)
{
	thrd_t thread;
	require(thrd_create(&thread, run_c11_exit, NULL) != thrd_success, "thrd_create");
	leave(thread, __func__, "run_c11_exit", 0);
}

/* --- joined, or detached ---------------------------------------------------------------------------- */

MAKES make_detached(void)
{
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	thread_make(run_return, &attributes);
}

MAKES make_detached_soon(void)
{
	pthread_detach(thread_make(run_return, NULL));
}

MAKES make_detached_late(void)
{
	pthread_t thread = thread_make(run_return, NULL);
	wait_gone(thread);
	require(pthread_detach(thread), "pthread_detach");
}

MAKES make_detached_by_itself(void)
{
	thread_make(run_detach_self, NULL);
}

MAKES make_c11_detached(void)
{
	thrd_t soon, late;
	require(thrd_create(&soon, run_c11, NULL) != thrd_success, "thrd_create");
	thrd_detach(soon);
	require(thrd_create(&late, run_c11, NULL) != thrd_success, "thrd_create");
	wait_gone(late);
	thrd_detach(late);
}

MAKES make_joined(void)
{
	struct timespec soon;
	pthread_t thread = thread_make(run_return, NULL);
	require(pthread_join(thread, NULL), "pthread_join");
	clock_gettime(CLOCK_REALTIME, &soon);
	soon.tv_sec += 60;
	thread = thread_make(run_return, NULL);
	require(pthread_timedjoin_np(thread, NULL, &soon), "pthread_timedjoin_np");
	thread = thread_make(run_return, NULL);
	require(pthread_clockjoin_np(thread, NULL, CLOCK_REALTIME, &soon), "pthread_clockjoin_np");
	thread = thread_make(run_return, NULL);
	while (pthread_tryjoin_np(thread, NULL) != 0)
		usleep(1000);
	thrd_t other;
	require(thrd_create(&other, run_c11, NULL) != thrd_success, "thrd_create");
	require(thrd_join(other, NULL) != thrd_success, "thrd_join");
}

/* --- all of them ------------------------------------------------------------------------------------ */

/* Half of them are joined, half detached. */
static void left_resolve(void)
{
	for (int i = 0; i < left_count; i++)
		require(i % 2 ? pthread_join(left[i], NULL) : pthread_detach(left[i]), "resolve");
}

int main(void)
{
	make_detached();
	make_detached_soon();
	make_detached_late();
	make_detached_by_itself();
	make_c11_detached();
	make_joined();
	make_returned();
	make_exited();
	make_cancelled();
	make_raw_exited();
	make_small();
	make_c11();
	make_c11_exited();
	wait_ended(18);
	for (int i = 0; i < left_count; i++)
		wait_gone(left[i]);
	for (int i = 0; i < left_count; i++)
		printf("%s\t%s\t%zu\n", makers[i], starts[i], sizes[i]);
	puts("ready");
	fflush(stdout);
	for (bool resolved = false; getchar() != EOF; resolved = true) {
		if (resolved)
			continue;
		left_resolve();
		puts("joined");
		fflush(stdout);
	}
	return 0;
}
