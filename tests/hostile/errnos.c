/*
 * errnos.c - errno, and what is returned, after every wrapped call: success leaves errno as it was,
 * failure sets what it always set. In each thread's first call, too.
 */
#include "tests/hostile/hostile.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <threads.h>

#define SHOW(call)                                                                                 \
	do {                                                                                       \
		errno = 4711;                                                                      \
		long result_ = (long)(call);                                                       \
		printf("%s = %ld, errno %d\n", #call, result_, errno);                             \
	} while (0)

static sem_t never;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static const struct timespec past = {1, 0}, bad = {1, 2000000000};
static int empty[2];

static void *nothing(void *argument)
{
	return argument;
}

static int nothing11(void *unused)
{
	(void)unused;
	return 3;
}

static void show_sync(void)
{
	pthread_mutexattr_t attributes;
	pthread_mutex_t checked;
	pthread_barrier_t alone;
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&checked, &attributes);
	pthread_barrier_init(&alone, NULL, 1);
	SHOW(pthread_mutex_lock(&lock));
	SHOW(pthread_cond_timedwait(&cond, &lock, &past));
	SHOW(pthread_cond_timedwait(&cond, &lock, &bad));
	SHOW(pthread_cond_clockwait(&cond, &lock, CLOCK_MONOTONIC, &past));
	SHOW(pthread_cond_clockwait(&cond, &lock, CLOCK_PROCESS_CPUTIME_ID, &past));
	SHOW(pthread_mutex_timedlock(&lock, &past));
	SHOW(pthread_mutex_clocklock(&lock, CLOCK_MONOTONIC, &past));
	SHOW(pthread_cond_signal(&cond));
	SHOW(pthread_cond_broadcast(&cond));
	SHOW(pthread_mutex_unlock(&lock));
	SHOW(pthread_mutex_lock(&checked));
	SHOW(pthread_mutex_lock(&checked));
	SHOW(pthread_rwlock_wrlock(&rwlock));
	SHOW(pthread_rwlock_wrlock(&rwlock));
	SHOW(pthread_rwlock_rdlock(&rwlock));
	SHOW(pthread_rwlock_timedrdlock(&rwlock, &past));
	SHOW(pthread_rwlock_unlock(&rwlock));
	SHOW(pthread_barrier_wait(&alone));
	SHOW(sem_post(&never));
	SHOW(sem_wait(&never));
	SHOW(sem_timedwait(&never, &past));
	SHOW(sem_timedwait(&never, &bad));
	SHOW(sem_clockwait(&never, CLOCK_MONOTONIC, &past));
}

static void show_fds(void)
{
	char bytes[8] = "x";
	struct iovec part = {bytes, 1};
	struct pollfd fd = {.fd = empty[0], .events = POLLIN};
	struct epoll_event event;
	struct timeval now = {0, 0};
	struct timespec zero = {0, 0};
	SHOW(read(-1, bytes, 1));
	SHOW(read(empty[0], NULL, 0));
	SHOW(write(empty[1], bytes, 1));
	SHOW(read(empty[0], bytes, 8));
	SHOW(writev(empty[1], &part, 1));
	SHOW(readv(empty[0], &part, 1));
	SHOW(recv(empty[0], bytes, 1, 0));
	SHOW(send(empty[0], bytes, 1, 0));
	SHOW(accept(empty[0], NULL, NULL));
	SHOW(connect(-1, NULL, 0));
	SHOW(poll(&fd, 1, 0));
	SHOW(poll(&fd, 1, 1));
	SHOW(ppoll(&fd, 1, &zero, NULL));
	SHOW(ppoll(&fd, 1, &bad, NULL));
	SHOW(select(0, NULL, NULL, NULL, &now));
	SHOW(epoll_wait(-1, &event, 1, 1));
	SHOW(epoll_wait(empty[0], &event, 1, 1));
}

static void show_time(void)
{
	struct timespec little = {0, 1};
	struct itimerval none = {{0, 0}, {0, 0}};
	struct itimerspec nothing_set = {{0, 0}, {0, 0}};
	struct sigevent event = {.sigev_notify = SIGEV_NONE}, wrong = {.sigev_notify = 77};
	timer_t timer;
	SHOW(nanosleep(&little, NULL));
	SHOW(nanosleep(&bad, NULL));
	SHOW(clock_nanosleep(CLOCK_MONOTONIC, 0, &bad, NULL));
	SHOW(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &little, NULL));
	SHOW(usleep(1));
	SHOW(sleep(0));
	SHOW(thrd_sleep(&little, NULL));
	SHOW(timer_create(CLOCK_MONOTONIC, &event, &timer));
	SHOW(timer_settime(timer, 0, &nothing_set, NULL));
	SHOW(timer_delete(timer));
	SHOW(timer_create(CLOCK_MONOTONIC, &wrong, &timer));
	SHOW(timer_create(999, &event, &timer));
	SHOW(timerfd_create(999, 0));
	SHOW(timerfd_settime(-1, 0, &nothing_set, NULL));
	SHOW(setitimer(99, &none, NULL));
	SHOW(setitimer(ITIMER_REAL, &none, NULL));
	SHOW(syscall(SYS_futex, NULL, 0, 0, NULL));
	SHOW(syscall(-1));
}

static void show_threads(void)
{
	pthread_t thread;
	pthread_attr_t attributes;
	thrd_t thread11;
	int result11;
	SHOW(pthread_create(&thread, NULL, nothing, NULL));
	SHOW(pthread_setname_np(pthread_self(), "a name that is too long"));
	SHOW(pthread_setname_np(pthread_self(), "short"));
	SHOW(pthread_join(thread, NULL));
	SHOW(pthread_join(pthread_self(), NULL));
	SHOW(pthread_tryjoin_np(pthread_self(), NULL));
	SHOW(pthread_create(&thread, NULL, nothing, NULL));
	SHOW(pthread_detach(thread));
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	SHOW(pthread_create(&thread, &attributes, nothing, NULL));
	SHOW(thrd_create(&thread11, nothing11, NULL));
	SHOW(thrd_join(thread11, &result11));
	printf("%d\n", result11);
}

/* The first wrapped call of this thread, on a stack of its own. */
static void *first_call(void *unused)
{
	SHOW(sem_wait(&never));
	return unused;
}

int main(void)
{
	pthread_t thread;
	sem_init(&never, 0, 0);
	MUST(pipe(empty) == 0);
	show_threads();
	show_sync();
	show_fds();
	show_time();
	sem_post(&never);
	pthread_create(&thread, NULL, first_call, NULL);
	pthread_join(thread, NULL);
	return 0;
}
