/*
 * stuck.c - a program that hangs or leaks in one classic way, or does the like without harm.
 *
 *	stuck MODE [N [SECONDS]]
 *
 * MODE is a row of the table below; N its size. Once everything stands as it should, "ready" is printed;
 * after SECONDS (10 by default), or at SIGTERM, the program ends by _exit(), without regard to the
 * threads that hang. Modes that grow add one thing every STEP_MS.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define STEP_MS 100

static unsigned size;
static _Atomic unsigned arrived;
static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER, second = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t handed = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t shared = PTHREAD_RWLOCK_INITIALIZER;

static void sleep_ms(unsigned ms)
{
	struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};
	while (nanosleep(&time, &time) != 0 && errno == EINTR)
		;
}

static void await(unsigned count)
{
	while (arrived < count)
		sleep_ms(1);
}

static pthread_t start(void *(*routine)(void *), void *argument)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, routine, argument) != 0)
		abort();
	return thread;
}

static void start_detached(void *(*routine)(void *), void *argument)
{
	pthread_detach(start(routine, argument));
}

/* --- locks ------------------------------------------------------------------------------------------ */

static void *lock_first_then_second(void *unused)
{
	pthread_mutex_lock(&first);
	arrived++;
	await(2);
	pthread_mutex_lock(&second);
	return unused;
}

static void *lock_second_then_first(void *unused)
{
	pthread_mutex_lock(&second);
	arrived++;
	await(2);
	pthread_mutex_lock(&first);
	return unused;
}

static void *lock_first(void *unused)
{
	pthread_mutex_lock(&first);
	pthread_mutex_unlock(&first);
	return unused;
}

static void deadlock(void)
{
	start_detached(lock_first_then_second, NULL);
	start_detached(lock_second_then_first, NULL);
	await(2);
	for (unsigned i = 0; i < size; i++)
		start_detached(lock_first, NULL);
}

static sem_t semaphores[2];

/* In health by turns, and once the wrong way round. */
static void *pass_both(void *order)
{
	const int *at = order;
	sem_wait(&semaphores[at[0]]);
	if (at[2]) {
		arrived++;
		await(2);
	}
	sem_wait(&semaphores[at[1]]);
	sem_post(&semaphores[at[1]]);
	sem_post(&semaphores[at[0]]);
	return NULL;
}

static void semaphore_deadlock(void)
{
	static int healthy[] = {0, 1, 0}, there[] = {0, 1, 1}, back[] = {1, 0, 1};
	sem_init(&semaphores[0], 0, 1);
	sem_init(&semaphores[1], 0, 1);
	for (unsigned i = 0; i < size; i++)
		pass_both(healthy);
	start_detached(pass_both, there);
	start_detached(pass_both, back);
	await(2);
	for (unsigned i = 0; i < size; i++)
		start_detached(pass_both, healthy);
}

/* Two producers, each of which has filled the buffer that the other waits for; who empties them takes its time. */
static void *fill_both(void *order)
{
	const int *at = order;
	sem_wait(&semaphores[at[0]]);
	arrived++;
	await(2);
	sem_wait(&semaphores[at[1]]);
	return NULL;
}

static void *empty_once(void *unused)
{
	for (int i = 0; i < 2; i++)
		sem_post(&semaphores[i]);
	return unused;
}

static void buffers(void)
{
	static int there[] = {0, 1}, back[] = {1, 0};
	for (int i = 0; i < 2; i++) {
		sem_init(&semaphores[i], 0, 1);
		sem_wait(&semaphores[i]);
	}
	pthread_join(start(empty_once, NULL), NULL);
	start_detached(fill_both, there);
	start_detached(fill_both, back);
	await(2);
}

static void *read_for_ever(void *fd)
{
	char byte;
	while (read(*(int *)fd, &byte, 1) == 1)
		;
	return NULL;
}

/* Hands jobs to its readers, and gets stuck in writing them down. */
static void *hand_over(void *unused)
{
	static char page[1 << 20];
	int pipes[2];
	if (pipe(pipes) != 0)
		abort();
	pthread_mutex_lock(&first);
	pthread_cond_broadcast(&handed);
	pthread_mutex_unlock(&first);
	while (write(pipes[1], page, sizeof page) > 0)
		;
	return unused;
}

static void *be_handed(void *unused)
{
	pthread_mutex_lock(&first);
	arrived++;
	for (;;)
		pthread_cond_wait(&handed, &first);
	return unused;
}

static void hander(void)
{
	for (unsigned i = 0; i < size; i++)
		start_detached(be_handed, NULL);
	await(size);
	start_detached(hand_over, NULL);
}

/* One thread has written to all of the pipes, and ended without closing them: nobody else knows them. */
static void *write_and_leave(void *ends)
{
	for (unsigned i = 0; i < size; i++)
		if (write(((int *)ends)[2 * i + 1], "x", 1) != 1)
			abort();
	return NULL;
}

static void pipes_left(void)
{
	int *ends = calloc(size, 2 * sizeof *ends);
	for (unsigned i = 0; i < size; i++) {
		if (pipe(&ends[2 * i]) != 0)
			abort();
		start_detached(read_for_ever, &ends[2 * i]);
	}
	pthread_join(start(write_and_leave, ends), NULL);
}

static void *lock_twice(void *unused)
{
	pthread_mutex_lock(&first);
	pthread_mutex_lock(&first);
	return unused;
}

static void self_lock(void)
{
	start_detached(lock_twice, NULL);
}

static void *lock_and_join(void *other)
{
	pthread_mutex_lock(&first);
	arrived++;
	pthread_join(*(pthread_t *)other, NULL);
	return NULL;
}

static void *lock_when_held(void *unused)
{
	await(1);
	return lock_first(unused);
}

static void join_deadlock(void)
{
	static pthread_t other;
	other = start(lock_when_held, NULL);
	start_detached(lock_and_join, &other);
}

static void *lock_shared_twice(void *unused)
{
	pthread_rwlock_wrlock(&shared);
	arrived++;
	await(2);
	pthread_mutex_lock(&first);
	return unused;
}

static void *lock_first_then_shared(void *unused)
{
	pthread_mutex_lock(&first);
	arrived++;
	await(2);
	pthread_rwlock_rdlock(&shared);
	return unused;
}

static void rwlock_deadlock(void)
{
	start_detached(lock_shared_twice, NULL);
	start_detached(lock_first_then_shared, NULL);
}

static void *lock_and_end(void *unused)
{
	pthread_mutex_lock(&first);
	return unused;
}

static void dead_owner(void)
{
	pthread_join(start(lock_and_end, NULL), NULL);
	for (unsigned i = 0; i < size; i++)
		start_detached(lock_first, NULL);
}

static void *lock_and_read(void *pipe_end)
{
	char byte;
	pthread_mutex_lock(&first);
	arrived++;
	if (read(*(int *)pipe_end, &byte, 1) != 1)
		abort();
	pthread_mutex_unlock(&first);
	return NULL;
}

static void stalled(void)
{
	static int ends[2];
	if (pipe(ends) != 0)
		abort();
	start_detached(lock_and_read, &ends[0]);
	await(1);
	for (unsigned i = 0; i < size; i++)
		start_detached(lock_first, NULL);
}

/* Followers wait for their turn, the leader for work. */
static void leader(void)
{
	static int ends[2];
	if (pipe(ends) != 0)
		abort();
	for (unsigned i = 0; i < size; i++)
		start_detached(lock_and_read, &ends[0]);
}

static void *lock_briefly(void *unused)
{
	for (;;) {
		pthread_mutex_lock(&first);
		sleep_ms(2);
		pthread_mutex_unlock(&first);
		sleep_ms(1);
	}
	return unused;
}

static void contended(void)
{
	for (unsigned i = 0; i < size; i++)
		start_detached(lock_briefly, NULL);
}

/* --- unjoined ----------------------------------------------------------------------------------------- */

static void *nothing(void *unused)
{
	return unused;
}

static void unjoined(void)
{
	for (unsigned i = 0; i < size; i++)
		start(nothing, NULL);
}

static void *joins_late(void *unused)
{
	pthread_t threads[64];
	threads[0] = start(lock_first, NULL); /* held by main: joined first, ends last */
	for (unsigned i = 1; i < size && i < 64; i++)
		threads[i] = start(nothing, NULL);
	for (unsigned i = 0; i < size && i < 64; i++)
		pthread_join(threads[i], NULL);
	return unused;
}

static void join_in_order(void)
{
	pthread_mutex_lock(&first);
	start_detached(joins_late, NULL);
}

/* --- waits for a signal that does not come -------------------------------------------------------------- */

struct queue {
	pthread_mutex_t mutex;
	pthread_cond_t filled;
	unsigned jobs;
};

static struct queue *queue_make(void)
{
	struct queue *queue = calloc(1, sizeof *queue);
	pthread_mutex_init(&queue->mutex, NULL);
	pthread_cond_init(&queue->filled, NULL);
	return queue;
}

static void queue_put(struct queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
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
	pthread_mutex_unlock(&queue->mutex);
}

static void *consume(void *queue)
{
	for (;;)
		queue_take(queue);
	return NULL;
}

/* One idle pool, never given work. */
static void idle_pool(void)
{
	struct queue *queue = queue_make();
	for (unsigned i = 0; i < size; i++)
		start_detached(consume, queue);
}

static void *produce_once(void *queue)
{
	queue_put(queue);
	return NULL;
}

/* A consumer and a producer for each request; the producer ends and says nothing. */
static void orphaned(void)
{
	for (unsigned i = 0; i < size; i++) {
		struct queue *queue = queue_make();
		pthread_join(start(produce_once, queue), NULL);
		start_detached(consume, queue);
	}
}

/* A pool whose first job came from a thread that has ended. */
static void orphaned_pool(void)
{
	struct queue *queue = queue_make();
	pthread_join(start(produce_once, queue), NULL);
	for (unsigned i = 0; i < size; i++)
		start_detached(consume, queue);
}

static void *produce_often(void *queue)
{
	for (;;) {
		queue_put(queue);
		sleep_ms(20);
	}
	return NULL;
}

static void busy_pool(void)
{
	struct queue *queue = queue_make();
	for (unsigned i = 0; i < size; i++)
		start_detached(consume, queue);
	start_detached(produce_often, queue);
}

static void *leak_consumers(void *unused)
{
	for (unsigned i = 0; i < size; i++) {
		start_detached(consume, queue_make());
		sleep_ms(STEP_MS);
	}
	return unused;
}

static void growing(void)
{
	start_detached(leak_consumers, NULL);
}

static void *consume_once(void *queue)
{
	queue_take(queue);
	return NULL;
}

/* For three seconds like growing; then all that they wait for comes. */
static void *come_late(void *unused)
{
	struct queue *queues[30];
	for (unsigned i = 0; i < 30; i++) {
		queues[i] = queue_make();
		start_detached(consume_once, queues[i]);
		sleep_ms(STEP_MS);
	}
	for (unsigned i = 0; i < 30; i++)
		queue_put(queues[i]);
	return unused;
}

static void recovering(void)
{
	start_detached(come_late, NULL);
}

static void *grow_pool(void *queue)
{
	for (unsigned i = 0; i < size; i++) {
		start_detached(consume, queue);
		queue_put(queue);
		sleep_ms(STEP_MS);
	}
	return NULL;
}

/* A pool that grows while it works: each thread is woken now and then. */
static void growing_pool(void)
{
	struct queue *queue = queue_make();
	start_detached(produce_often, queue);
	start_detached(grow_pool, queue);
}

/* --- a pool that accepts ------------------------------------------------------------------------------------ */

static int listener;
static struct sockaddr_in address = {.sin_family = AF_INET};
static socklen_t address_bytes = sizeof address;

static void listener_open(void)
{
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
		listen(listener, 64) != 0 ||
		getsockname(listener, (struct sockaddr *)&address, &address_bytes) != 0)
		abort();
}

/* A client that says what it is told to, and waits for nothing. */
static void client_connect(const char *words)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
		write(fd, words, strlen(words)) < 0)
		abort();
}

static void *serve(void *pause_ms)
{
	char byte;
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		if (read(fd, &byte, 1) == 1)
			sleep_ms(*(unsigned *)pause_ms);
		close(fd);
	}
	return NULL;
}

/* As many clients as threads say nothing; three more wait to be accepted. */
static void exhausted(void)
{
	static unsigned pause_ms;
	listener_open();
	for (unsigned i = 0; i < size; i++)
		start_detached(serve, &pause_ms);
	sleep_ms(300);
	for (unsigned i = 0; i < size + 3; i++)
		client_connect("");
}

/* Clients come faster than they are served, so some wait at every look; one thread beside them is silent. */
static void loaded(void)
{
	static unsigned pause_ms = 40;
	static int pipes[2];
	listener_open();
	if (pipe(pipes) != 0)
		abort();
	start_detached(read_for_ever, &pipes[0]);
	start_detached(serve, &pause_ms);
	for (unsigned i = 0; i < size; i++)
		client_connect("x");
}

/* --- timers ----------------------------------------------------------------------------------------------- */

static timer_t timer_make(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_NONE};
	timer_t timer;
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0)
		abort();
	return timer;
}

static void *leak_timers(void *unused)
{
	for (unsigned i = 0; i < size; i++) {
		timer_make();
		sleep_ms(STEP_MS);
	}
	return unused;
}

static void *use_timers(void *unused)
{
	for (unsigned i = 0; i < size; i++) {
		timer_t timer = timer_make();
		sleep_ms(STEP_MS);
		timer_delete(timer);
	}
	return unused;
}

static void timers(void)
{
	start_detached(leak_timers, NULL);
}

static void timers_deleted(void)
{
	start_detached(use_timers, NULL);
}

static void *leak_joinable(void *unused)
{
	for (unsigned i = 0; i < size; i++) {
		start(nothing, NULL);
		sleep_ms(STEP_MS);
	}
	return unused;
}

static void unjoined_growing(void)
{
	start_detached(leak_joinable, NULL);
}

/* --- the command line --------------------------------------------------------------------------------- */

static const struct mode {
	const char *name;
	void (*run)(void);
	unsigned size;
} modes[] = {
	{"deadlock", deadlock, 3},
	{"semaphore-deadlock", semaphore_deadlock, 3},
	{"buffers", buffers, 1},
	{"self-lock", self_lock, 1},
	{"join-deadlock", join_deadlock, 1},
	{"rwlock-deadlock", rwlock_deadlock, 1},
	{"dead-owner", dead_owner, 3},
	{"stalled", stalled, 3},
	{"hander", hander, 3},
	{"pipes-left", pipes_left, 5},
	{"leader", leader, 4},
	{"contended", contended, 4},
	{"unjoined", unjoined, 5},
	{"unjoined-growing", unjoined_growing, 1000},
	{"join-in-order", join_in_order, 8},
	{"idle-pool", idle_pool, 16},
	{"busy-pool", busy_pool, 16},
	{"orphaned", orphaned, 5},
	{"orphaned-pool", orphaned_pool, 5},
	{"growing", growing, 1000},
	{"recovering", recovering, 1},
	{"growing-pool", growing_pool, 1000},
	{"exhausted", exhausted, 4},
	{"loaded", loaded, 60},
	{"timers", timers, 1000},
	{"timers-deleted", timers_deleted, 1000},
};

static void end(int signal)
{
	(void)signal;
	_exit(0);
}

int main(int argc, char **argv)
{
	signal(SIGTERM, end);
	for (size_t i = 0; argc > 1 && i < sizeof modes / sizeof *modes; i++) {
		if (strcmp(argv[1], modes[i].name) != 0)
			continue;
		size = argc > 2 ? (unsigned)atoi(argv[2]) : modes[i].size;
		modes[i].run();
		puts("ready");
		fflush(stdout);
		sleep_ms(argc > 3 ? (unsigned)(1000 * atof(argv[3])) : 10000);
		_exit(0);
	}
	fputs("usage: stuck MODE [N [SECONDS]]\n", stderr);
	return 2;
}
