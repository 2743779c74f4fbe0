/*
 * leakcheck.c - a test runner that runs its tests side by side in one process, and blames the right one.
 *
 *	leakcheck [-fix]
 *
 * Each test is a scope of leakwatch.h: what its threads start belongs to it, however deep. At its end a test asks what is
 * left. One test forgets a worker; with -fix it does not. Another has a thread that is meant to stay.
 * Prints a line for each test, and exits with 1 if one left something behind.
 */
#include "include/leakwatch.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define GRACE_MS 500

static bool fixed;

static pthread_t thread_start(void *(*run)(void *), void *argument)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, run, argument) != 0) {
		perror("leakcheck: pthread_create");
		exit(2);
	}
	return thread;
}

/* --- the code under test -------------------------------------------------------------------------- */

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool closed;
	pthread_t worker;
};

static void *queue_work(void *argument)
{
	struct queue *queue = argument;
	pthread_mutex_lock(&queue->lock);
	while (!queue->closed)
		pthread_cond_wait(&queue->changed, &queue->lock);
	pthread_mutex_unlock(&queue->lock);
	return NULL;
}

static void queue_open(struct queue *queue)
{
	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->changed, NULL);
	queue->closed = false;
	queue->worker = thread_start(queue_work, queue);
}

static void queue_close(struct queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->closed = true;
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
	pthread_join(queue->worker, NULL);
}

/* Made when it is first needed, and kept on purpose. */
static void *housekeeper(void *unused)
{
	leakwatch_ignore_thread();
	for (;;)
		pause();
	return unused;
}

/* --- the tests ------------------------------------------------------------------------------------ */

static void test_queue(void)
{
	static struct queue queue;
	queue_open(&queue);
	queue_close(&queue);
}

static void *session(void *queue)
{
	queue_open(queue);
	return NULL;
}

/* The worker is started by a thread that ends: only the scope still says whose it is. */
static void test_session(void)
{
	static struct queue queue;
	pthread_join(thread_start(session, &queue), NULL);
	if (fixed)
		queue_close(&queue);
}

static void test_cache(void)
{
	pthread_detach(thread_start(housekeeper, NULL));
}

static void test_clock(void)
{
	struct sigevent none = {.sigev_notify = SIGEV_NONE};
	timer_t timer;
	if (timer_create(CLOCK_MONOTONIC, &none, &timer) == 0)
		timer_delete(timer);
}

/* --- the runner ----------------------------------------------------------------------------------- */

struct test {
	const char *name;
	void (*run)(void);
	pthread_t runner;
	int left;
};

static struct test tests[] = {
	{.name = "queue", .run = test_queue},
	{.name = "session", .run = test_session},
	{.name = "cache", .run = test_cache},
	{.name = "clock", .run = test_clock},
};

static void *test_run(void *argument)
{
	struct test *test = argument;
	leakwatch_scope_begin(test->name);
	test->run();
	test->left = leakwatch_check(GRACE_MS);
	leakwatch_scope_end();
	return NULL;
}

static void test_print(const struct test *test)
{
	if (test->left == LEAKWATCH_NOT_MEASURED)
		printf("%s: not measured\n", test->name);
	else if (test->left)
		printf("%s: %d left behind\n", test->name, test->left);
	else
		printf("%s: ok\n", test->name);
}

int main(int argc, char **argv)
{
	const size_t count = sizeof(tests) / sizeof(*tests);
	int code = 0;
	fixed = argc == 2 && !strcmp(argv[1], "-fix");
	if (argc > 2 || (argc == 2 && !fixed)) {
		fprintf(stderr, "usage: leakcheck [-fix]\n");
		return 2;
	}
	for (size_t i = 0; i < count; i++)
		tests[i].runner = thread_start(test_run, &tests[i]);
	for (size_t i = 0; i < count; i++) {
		pthread_join(tests[i].runner, NULL);
		test_print(&tests[i]);
		code |= tests[i].left > 0;
	}
	return code;
}
