/*
 * calls.c - what the shim adds to the calls that it intercepts: a Markdown row each.
 *
 * Run under the shim. Each call is made through a pointer, to libc's own function and to the one that the
 * program is bound to, in short batches in turn, so that both see the same machine. Quoted are the medians
 * of the batches, and of the differences batch by batch. Usage: calls [PART-OF-A-NAME]
 *
 * The last row is what an interposer that does nothing would add: a function that passes its arguments on to
 * libc's, through a pointer in memory.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PAIRS 3001 /* of short batches: what disturbs a few of them does not move the medians */

/* The functions of one side. */
struct side {
	__typeof__(pthread_mutex_lock) *mutex_lock;
	__typeof__(pthread_mutex_unlock) *mutex_unlock;
	__typeof__(pthread_rwlock_rdlock) *rdlock;
	__typeof__(pthread_rwlock_unlock) *rwunlock;
	__typeof__(sem_wait) *sem_wait;
	__typeof__(sem_post) *sem_post;
	__typeof__(pthread_cond_signal) *cond_signal;
	__typeof__(pthread_cond_init) *cond_init;
	__typeof__(pthread_cond_destroy) *cond_destroy;
	__typeof__(read) *read;
	__typeof__(poll) *poll;
	__typeof__(pthread_create) *create;
	__typeof__(pthread_join) *join;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t sem;
static int zero_fd;
static struct pollfd ready;

static double now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void *nothing(void *argument)
{
	return argument;
}

static void mutex_pair(const struct side *side)
{
	side->mutex_lock(&mutex);
	side->mutex_unlock(&mutex);
}

static void rwlock_pair(const struct side *side)
{
	side->rdlock(&rwlock);
	side->rwunlock(&rwlock);
}

static void semaphore_pair(const struct side *side)
{
	side->sem_post(&sem);
	side->sem_wait(&sem);
}

static void signal_alone(const struct side *side)
{
	side->cond_signal(&cond);
}

static void cond_life(const struct side *side)
{
	pthread_cond_t brief;
	side->cond_init(&brief, NULL);
	side->cond_destroy(&brief);
}

static void read_byte(const struct side *side)
{
	char byte;
	if (side->read(zero_fd, &byte, 1) != 1)
		abort();
}

static void poll_ready(const struct side *side)
{
	if (side->poll(&ready, 1, 1000) != 1)
		abort();
}

static void create_join(const struct side *side)
{
	pthread_t thread;
	if (side->create(&thread, NULL, nothing, NULL) != 0)
		abort();
	side->join(thread, NULL);
}

static __typeof__(pthread_cond_signal) *volatile signal_real;

static __attribute__((noinline)) int signal_passed_on(pthread_cond_t *passed)
{
	return signal_real(passed);
}

static double batch(void (*call)(const struct side *), const struct side *side, int count)
{
	double start = now_ns();
	for (int i = 0; i < count; i++)
		call(side);
	return (now_ns() - start) / count;
}

static int smaller_first(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;
	return (left > right) - (left < right);
}

static double median(double *values)
{
	qsort(values, PAIRS, sizeof *values, smaller_first);
	return values[PAIRS / 2];
}

static const char *wanted = ""; /* part of the names of the calls to measure */

static void measure(const char *name, void (*call)(const struct side *), int count,
	const struct side *libc, const struct side *bound)
{
	static double plain[PAIRS], shim[PAIRS], added[PAIRS], ratio[PAIRS];
	if (!strstr(name, wanted))
		return;
	for (int i = 0; i < PAIRS; i++) {
		plain[i] = batch(call, libc, count);
		shim[i] = batch(call, bound, count);
		added[i] = shim[i] - plain[i];
		ratio[i] = shim[i] / plain[i];
	}
	printf("| %s | %.1f | %.1f | %.1f | %.3f |\n", name, median(plain), median(shim),
		median(added), median(ratio));
}

static void *function(void *library, const char *name, const char *version)
{
	void *found = version ? dlvsym(library, name, version) : dlsym(library, name);
	if (!found) {
		fprintf(stderr, "calls: no %s\n", name);
		exit(2);
	}
	return found;
}

static struct side side_of(void *library)
{
	return (struct side){
		.mutex_lock = function(library, "pthread_mutex_lock", NULL),
		.mutex_unlock = function(library, "pthread_mutex_unlock", NULL),
		.rdlock = function(library, "pthread_rwlock_rdlock", NULL),
		.rwunlock = function(library, "pthread_rwlock_unlock", NULL),
		.sem_wait = function(library, "sem_wait", NULL),
		.sem_post = function(library, "sem_post", NULL),
		.cond_signal = function(library, "pthread_cond_signal", "GLIBC_2.3.2"),
		.cond_init = function(library, "pthread_cond_init", "GLIBC_2.3.2"),
		.cond_destroy = function(library, "pthread_cond_destroy", "GLIBC_2.3.2"),
		.read = function(library, "read", NULL),
		.poll = function(library, "poll", NULL),
		.create = function(library, "pthread_create", NULL),
		.join = function(library, "pthread_join", NULL),
	};
}

int main(int argc, char **argv)
{
	if (argc > 1)
		wanted = argv[1];
	const struct side libc = side_of(dlopen("libc.so.6", RTLD_NOW));
	const struct side bound = side_of(RTLD_DEFAULT);
	sem_init(&sem, 0, 0);
	zero_fd = open("/dev/zero", O_RDONLY);
	ready = (struct pollfd){.fd = zero_fd, .events = POLLIN};
	create_join(&bound); /* the watcher runs, and the process is one with threads */
	measure("pthread_mutex_lock + unlock", mutex_pair, 500, &libc, &bound);
	measure("pthread_rwlock_rdlock + unlock", rwlock_pair, 500, &libc, &bound);
	measure("sem_post + sem_wait, ready", semaphore_pair, 500, &libc, &bound);
	measure("pthread_cond_signal, no waiter", signal_alone, 500, &libc, &bound);
	measure("pthread_cond_init + destroy", cond_life, 500, &libc, &bound);
	measure("read, 1 byte", read_byte, 200, &libc, &bound);
	measure("poll, ready", poll_ready, 100, &libc, &bound);
	measure("pthread_create + join", create_join, 10, &libc, &bound);
	signal_real = libc.cond_signal;
	struct side idle = libc;
	idle.cond_signal = signal_passed_on;
	measure("(pthread_cond_signal, merely passed on)", signal_alone, 500, &libc, &idle);
	return 0;
}
