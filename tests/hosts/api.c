/*
 * api.c - calls the functions of leakwatch.h: api MODE.
 *
 *	dump		takes a dump and prints the result
 *	alone		checks in a process without threads
 *	left		leaves a thread, a finished thread and a timer in a scope, a thread in none; checks both, and the process
 *	within		threads of threads, in scopes within scopes
 *	grace		a thread ends 100 ms after the check began
 *	ignore		ignores a thread; checks, and exits with it alive
 *	many		begins more scopes than there is room for, within each other
 *	storm		eight threads check at once, again and again, while others come and go
 *	fork		a child checks, and leaves a thread of its own
 *	abort		leaves a thread, checks, and ends by abort()
 *	errno		calls everything, and says whether errno is as before
 */
#include "include/leakwatch.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void say(const char *what, int number)
{
	printf("%s %d\n", what, number);
	fflush(stdout);
}

static pthread_t start(void *(*run)(void *), void *argument)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, run, argument) != 0)
		exit(2);
	return thread;
}

static _Atomic int stayers;
static _Atomic pid_t finisher;

static void *stay(void *unused)
{
	stayers++;
	for (;;)
		pause();
	return unused;
}

static void *finish(void *unused)
{
	finisher = gettid();
	return unused;
}

/* Until so many stay, and the one that finishes has: before it begins, a thread is nobody's. */
static void settle(int staying)
{
	char task[64];
	while (stayers < staying || !finisher)
		sched_yield();
	snprintf(task, sizeof task, "/proc/self/task/%d", finisher);
	while (access(task, F_OK) == 0)
		sched_yield();
}

static void *linger(void *unused)
{
	const struct timespec time = {0, 100000000};
	nanosleep(&time, NULL);
	return unused;
}

static void timer_make(void)
{
	struct sigevent none = {.sigev_notify = SIGEV_NONE};
	timer_t timer;
	if (timer_create(CLOCK_MONOTONIC, &none, &timer) != 0)
		exit(2);
}

/* --- modes ------------------------------------------------------------------------------------------ */

static void dump(void)
{
	start(stay, NULL);
	say("dump", leakwatch_dump());
}

static void alone(void)
{
	say("nothing", leakwatch_check(0));
	timer_make();
	say("timer", leakwatch_check(0));
}

static void left(void)
{
	start(stay, NULL);
	leakwatch_scope_begin("first");
	start(stay, NULL);
	start(finish, NULL);
	timer_make();
	settle(2);
	say("first", leakwatch_check(0));
	leakwatch_scope_end();
	leakwatch_scope_begin("second");
	say("second", leakwatch_check(0));
	leakwatch_scope_end();
	say("process", leakwatch_check(0));
}

static void *nest(void *unused)
{
	leakwatch_scope_begin("inner one");
	start(stay, NULL);
	leakwatch_scope_end();
	leakwatch_scope_end(); /* one too many: that of its creator */
	say("within none", leakwatch_check(0));
	start(stay, NULL);
	return unused;
}

static void within(void)
{
	leakwatch_scope_begin("outer");
	pthread_join(start(nest, NULL), NULL);
	say("outer", leakwatch_check(0));
	leakwatch_scope_begin("inner one");
	say("inner", leakwatch_check(0));
}

static void grace(void)
{
	pthread_detach(start(linger, NULL));
	say("at once", leakwatch_check(0));
	say("in a while", leakwatch_check(20000));
}

static void *ignored(void *ready)
{
	leakwatch_ignore_thread();
	pthread_barrier_wait(ready);
	return stay(NULL);
}

static void ignore(void)
{
	static pthread_barrier_t ready;
	pthread_barrier_init(&ready, NULL, 2);
	start(ignored, &ready);
	pthread_barrier_wait(&ready);
	say("ignored", leakwatch_check(0));
}

static void many(void)
{
	char name[32];
	for (int i = 0; i < 1100; i++) {
		snprintf(name, sizeof name, "%d", i);
		leakwatch_scope_begin(name);
	}
	for (int i = 0; i < 1100; i++)
		leakwatch_scope_end();
	leakwatch_scope_begin("0");
	start(stay, NULL);
	leakwatch_scope_end();
	say("process", leakwatch_check(0));
}

static void *check_often(void *name)
{
	int worst = 0;
	leakwatch_scope_begin(name);
	for (int i = 0; i < 20; i++) {
		pthread_join(start(finish, NULL), NULL);
		int count = leakwatch_check(0);
		worst = count ? count : worst;
	}
	start(stay, NULL);
	int count = leakwatch_check(0);
	leakwatch_scope_end();
	if (worst || count != 1)
		printf("%s: %d, then %d\n", (char *)name, worst, count);
	return NULL;
}

static void storm(void)
{
	static char names[8][2] = {"a", "b", "c", "d", "e", "f", "g", "h"};
	pthread_t threads[8];
	for (int i = 0; i < 8; i++)
		threads[i] = start(check_often, names[i]);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	say("process", leakwatch_check(0));
}

static void forks(void)
{
	int status;
	leakwatch_scope_begin("family");
	start(stay, NULL);
	pid_t child = fork();
	if (!child) {
		say("child", leakwatch_check(0));
		start(stay, NULL);
		say("child", leakwatch_check(0));
		_exit(0);
	}
	waitpid(child, &status, 0);
	say("parent", leakwatch_check(0));
}

static void aborts(void)
{
	const struct rlimit no_core = {0, 0};
	setrlimit(RLIMIT_CORE, &no_core);
	start(stay, NULL);
	say("left", leakwatch_check(0));
	abort();
}

static void errnos(void)
{
	errno = 77;
	leakwatch_ignore_thread();
	leakwatch_scope_begin("scope");
	timer_make();
	errno = 77;
	leakwatch_dump();
	leakwatch_check(10);
	leakwatch_scope_end();
	say("errno", errno);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} modes[] = {{"dump", dump}, {"alone", alone}, {"left", left}, {"within", within},
		{"grace", grace}, {"ignore", ignore}, {"many", many}, {"storm", storm},
		{"fork", forks}, {"abort", aborts}, {"errno", errnos}};
	for (size_t i = 0; argc > 1 && i < sizeof modes / sizeof *modes; i++)
		if (!strcmp(argv[1], modes[i].name)) {
			modes[i].run();
			return 0;
		}
	return 2;
}
