/*
 * company.c - benign threads of every kind.
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/* --- queues and their workers --------------------------------------------------------------------- */

#define QUEUE_ROOM 4

struct queue {
	pthread_mutex_t mutex;
	pthread_cond_t filled, emptied;
	unsigned jobs;
};

/* What has no work for now may have some later: whoever has it can be reached, as in every service. */
static struct {
	struct queue *pool, *shards[8], *supervised;
} known;

static struct queue *queue_make(void)
{
	struct queue *queue = memory_make(sizeof *queue);
	pthread_mutex_init(&queue->mutex, NULL);
	pthread_cond_init(&queue->filled, NULL);
	pthread_cond_init(&queue->emptied, NULL);
	return queue;
}

static void queue_put(struct queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	while (queue->jobs == QUEUE_ROOM)
		pthread_cond_wait(&queue->emptied, &queue->mutex);
	queue->jobs++;
	pthread_cond_signal(&queue->filled);
	pthread_mutex_unlock(&queue->mutex);
}

static void queue_take(struct queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	while (!queue->jobs)
		pthread_cond_wait(&queue->filled, &queue->mutex);
	queue->jobs--;
	pthread_cond_signal(&queue->emptied);
	pthread_mutex_unlock(&queue->mutex);
}

static void *pool_work(void *queue)
{
	for (;;) {
		queue_take(queue);
		sleep_ms(2);
	}
	return NULL;
}

static void pool_start(void)
{
	known.pool = queue_make();
	for (unsigned i = 0; i < 4; i++)
		thread_start_detached(pool_work, known.pool);
}

static sem_t jobs;

static void *busy_work(void *unused)
{
	for (;;) {
		while (sem_wait(&jobs) != 0)
			;
		sleep_ms(5);
	}
	return unused;
}

static void *busy_feed(void *unused)
{
	for (;;) {
		sleep_ms(70);
		sem_post(&jobs);
	}
	return unused;
}

static void busy_pool_start(void)
{
	sem_init(&jobs, 0, 0);
	for (unsigned i = 0; i < 4; i++)
		thread_start_detached(busy_work, NULL);
	thread_start_detached(busy_feed, NULL);
}

static void *lazy_feed(void *queue)
{
	for (unsigned i = 0;; i++) {
		if (i % 8 == 0 && i < 64)
			thread_start_detached(pool_work, queue);
		queue_put(queue);
		sleep_ms(20);
	}
	return NULL;
}

static void lazy_pool_start(void)
{
	thread_start_detached(lazy_feed, queue_make());
}

static void *shard_feed(void *queue)
{
	for (;;) {
		queue_put(queue);
		sleep_ms(250);
	}
	return NULL;
}

static void shards_start(void)
{
	for (unsigned i = 0; i < 8; i++) {
		known.shards[i] = queue_make();
		thread_start_detached(pool_work, known.shards[i]);
		if (i % 2)
			thread_start_detached(shard_feed, known.shards[i]);
	}
}

static void *queue_fill(void *queue)
{
	for (;;)
		queue_put(queue);
	return NULL;
}

static void *queue_drain(void *queue)
{
	for (;;) {
		queue_take(queue);
		sleep_ms(80);
	}
	return NULL;
}

static void queue_start(void)
{
	struct queue *queue = queue_make();
	thread_start_detached(queue_fill, queue);
	thread_start_detached(queue_drain, queue);
}

/* --- descriptors ---------------------------------------------------------------------------------- */

static void *accept_run(void *unused)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	must(listener >= 0 && bind(listener, (struct sockaddr *)&address, sizeof address) == 0 &&
			listen(listener, 8) == 0,
		"listen");
	for (;;)
		close(accept(listener, NULL, NULL));
	return unused;
}

static void *client_serve(void *socket)
{
	char byte;
	while (recv(*(int *)socket, &byte, 1, 0) == 1)
		;
	close(*(int *)socket);
	return NULL;
}

static int *sockets_make(void)
{
	int *ends = memory_make(2 * sizeof *ends);
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
	return ends;
}

static void idle_clients_start(void)
{
	for (unsigned i = 0; i < 3; i++)
		thread_start_detached(client_serve, sockets_make());
}

static void *sessions_run(void *unused)
{
	int *open[10] = {NULL};
	for (unsigned i = 0;; i = (i + 1) % 10) {
		if (open[i])
			close(open[i][1]);
		open[i] = sockets_make();
		thread_start_detached(client_serve, open[i]);
		sleep_ms(50);
	}
	return unused;
}

static void *long_poll(void *unused)
{
	int ends[2];
	must(pipe(ends) == 0, "pipe");
	struct pollfd members = {.fd = ends[0], .events = POLLIN};
	for (;;)
		poll(&members, 1, 700);
	return unused;
}

static void long_polls_start(void)
{
	for (unsigned i = 0; i < 3; i++)
		thread_start_detached(long_poll, NULL);
}

static void *events_run(void *event)
{
	struct epoll_event interest = {.events = EPOLLIN};
	int epoll = epoll_create1(0);
	uint64_t count;
	must(epoll_ctl(epoll, EPOLL_CTL_ADD, *(int *)event, &interest) == 0, "epoll_ctl");
	for (;;)
		if (epoll_wait(epoll, &interest, 1, -1) == 1)
			must(read(*(int *)event, &count, sizeof count) == sizeof count, "eventfd");
	return NULL;
}

static void *events_feed(void *event)
{
	for (;;) {
		sleep_ms(120);
		must(eventfd_write(*(int *)event, 1) == 0, "eventfd");
	}
	return NULL;
}

static void events_start(void)
{
	static int event;
	event = eventfd(0, 0);
	thread_start_detached(events_run, &event);
	thread_start_detached(events_feed, &event);
}

static void *log_read(void *ends)
{
	char line[64];
	while (read(((int *)ends)[0], line, sizeof line) > 0)
		;
	return NULL;
}

static void *log_write(void *ends)
{
	for (;;) {
		must(write(((int *)ends)[1], "line\n", 5) == 5, "write");
		sleep_ms(150);
	}
	return NULL;
}

static void logger_start(void)
{
	static int ends[2];
	must(pipe(ends) == 0, "pipe");
	thread_start_detached(log_read, ends);
	thread_start_detached(log_write, ends);
}

/* --- time ----------------------------------------------------------------------------------------- */

static void *ticker_read(void *unused)
{
	struct itimerspec period = {{0, 50000000}, {0, 50000000}};
	int timer = timerfd_create(CLOCK_MONOTONIC, 0);
	uint64_t ticks;
	must(timerfd_settime(timer, 0, &period, NULL) == 0, "timerfd_settime");
	while (read(timer, &ticks, sizeof ticks) == sizeof ticks)
		;
	return unused;
}

static void *timers_use(void *unused)
{
	for (;;) {
		struct sigevent event = {.sigev_notify = SIGEV_NONE};
		timer_t timer;
		must(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0, "timer_create");
		sleep_ms(60);
		timer_delete(timer);
	}
	return unused;
}

static void ticker_start(void)
{
	thread_start_detached(ticker_read, NULL);
	thread_start_detached(timers_use, NULL);
}

static void *heartbeat_wait(void *unused)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	static pthread_cond_t stop = PTHREAD_COND_INITIALIZER;
	struct timespec deadline;
	pthread_mutex_lock(&mutex);
	for (;;) {
		clock_gettime(CLOCK_REALTIME, &deadline);
		deadline.tv_sec++;
		pthread_cond_timedwait(&stop, &mutex, &deadline);
	}
	return unused;
}

static void *heartbeat_sleep(void *unused)
{
	for (;;)
		sleep_ms(900);
	return unused;
}

static void heartbeat_start(void)
{
	thread_start_detached(heartbeat_wait, NULL);
	thread_start_detached(heartbeat_sleep, NULL);
}

/* --- locks ---------------------------------------------------------------------------------------- */

static void *turn_take(void *lock)
{
	for (;;) {
		pthread_mutex_lock(lock);
		sleep_ms(3);
		pthread_mutex_unlock(lock);
		sleep_ms(1);
	}
	return NULL;
}

static void contention_start(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	for (unsigned i = 0; i < 3; i++)
		thread_start_detached(turn_take, &lock);
}

static void *table_read(void *lock)
{
	for (;;) {
		pthread_rwlock_rdlock(lock);
		sleep_ms(2);
		pthread_rwlock_unlock(lock);
		sleep_ms(4);
	}
	return NULL;
}

static void *table_write(void *lock)
{
	for (;;) {
		pthread_rwlock_wrlock(lock);
		sleep_ms(2);
		pthread_rwlock_unlock(lock);
		sleep_ms(15);
	}
	return NULL;
}

static void readers_start(void)
{
	static pthread_rwlock_t lock = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
	for (unsigned i = 0; i < 3; i++)
		thread_start_detached(table_read, &lock);
	thread_start_detached(table_write, &lock);
}

/* --- threads -------------------------------------------------------------------------------------- */

static void *errand_run(void *unused)
{
	sleep_ms(20);
	return unused;
}

static void *burst_run(void *unused)
{
	for (;;) {
		pthread_t errands[3];
		for (unsigned i = 0; i < 3; i++)
			errands[i] = thread_start(errand_run, NULL);
		for (unsigned i = 0; i < 3; i++)
			pthread_join(errands[i], NULL);
		sleep_ms(30);
	}
	return unused;
}

static void *supervisor_run(void *unused)
{
	known.supervised = queue_make();
	pthread_t first = thread_start(pool_work, known.supervised);
	pthread_t others[] = {thread_start(errand_run, NULL), thread_start(errand_run, NULL)};
	pthread_join(first, NULL);
	pthread_join(others[0], NULL);
	pthread_join(others[1], NULL);
	return unused;
}

static void *signals_run(void *unused)
{
	sigset_t set;
	int signal;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	for (;;)
		sigwait(&set, &signal);
	return unused;
}

static void signals_start(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	thread_start_detached(signals_run, NULL);
}

/* --- all of it ------------------------------------------------------------------------------------ */

static void accept_start(void)
{
	thread_start_detached(accept_run, NULL);
}

static void sessions_start(void)
{
	thread_start_detached(sessions_run, NULL);
}

static void burst_start(void)
{
	thread_start_detached(burst_run, NULL);
}

static void supervisor_start(void)
{
	thread_start_detached(supervisor_run, NULL);
}

void company_start(unsigned company)
{
	static void (*const starts[])(void) = {
		/* by the bits of company */
		pool_start,
		busy_pool_start,
		lazy_pool_start,
		shards_start,
		accept_start,
		idle_clients_start,
		sessions_start,
		long_polls_start,
		events_start,
		logger_start,
		ticker_start,
		heartbeat_start,
		queue_start,
		burst_start,
		contention_start,
		readers_start,
		signals_start,
		supervisor_start,
	};
	for (unsigned i = 0; i < sizeof starts / sizeof *starts; i++)
		if (company & 1U << i)
			starts[i]();
}
