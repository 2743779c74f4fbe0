/*
 * helpers.c - has libc make each of the threads that it makes for itself, and ends while they wait for more work.
 * build: -lanl
 */
#include <aio.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t expired = PTHREAD_COND_INITIALIZER;
static int expirations;

static void expire(union sigval unused)
{
	(void)unused;
	pthread_mutex_lock(&lock);
	expirations++;
	pthread_cond_signal(&expired);
	pthread_mutex_unlock(&lock);
}

static void *work(void *unused)
{
	return unused;
}

/* One that the shim sees, so that there is a watcher. */
static void thread_make(void)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, work, NULL) == 0)
		pthread_join(thread, NULL);
}

static void timer_use(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = expire};
	const struct itimerspec soon = {.it_value.tv_nsec = 1000000};
	timer_t timer;
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 ||
		timer_settime(timer, 0, &soon, NULL) != 0)
		return perror("timer");
	pthread_mutex_lock(&lock);
	while (!expirations)
		pthread_cond_wait(&expired, &lock);
	pthread_mutex_unlock(&lock);
	timer_delete(timer);
}

static void queue_use(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = expire};
	char name[32];
	snprintf(name, sizeof name, "/leakwatch-%d", (int)getpid());
	mqd_t queue = mq_open(name, O_CREAT | O_RDWR, 0600, NULL);
	if (queue == (mqd_t)-1)
		return; /* no such file system: one helper less */
	mq_unlink(name);
	mq_notify(queue, &event);
	mq_notify(queue, NULL);
	mq_close(queue);
}

static void resolver_use(void)
{
	struct gaicb request = {.ar_name = "127.0.0.1"}, *list[] = {&request};
	if (getaddrinfo_a(GAI_WAIT, list, 1, NULL) == 0 && request.ar_result)
		freeaddrinfo(request.ar_result);
}

static void file_use(void)
{
	char byte;
	struct aiocb request = {.aio_buf = &byte, .aio_nbytes = 1};
	const struct aiocb *list[] = {&request};
	request.aio_fildes = open("/dev/zero", O_RDONLY);
	if (aio_read(&request) == 0)
		aio_suspend(list, 1, NULL);
}

int main(void)
{
	thread_make();
	timer_use();
	queue_use();
	resolver_use();
	file_use();
	return 0;
}
