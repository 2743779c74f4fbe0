/*
 * real.h - the next definition of every interposed function, for the interposers to call.
 *
 * "Next" is RTLD_NEXT: chains of preloads compose, and each interposer calls what would have been
 * called without it.
 */
#ifndef LEAKWATCH_REAL_H
#define LEAKWATCH_REAL_H

#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

/* Called by fortified programs; declared by no header. */
ssize_t __read_chk(int fd, void *buffer, size_t bytes, size_t room);
ssize_t __pread_chk(int fd, void *buffer, size_t bytes, off_t offset, size_t room);
ssize_t __recv_chk(int fd, void *buffer, size_t bytes, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *buffer, size_t bytes, size_t room, int flags,
	__SOCKADDR_ARG from, socklen_t *from_bytes);
int __poll_chk(struct pollfd *fds, nfds_t count, int timeout_ms, size_t room);
int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
	const sigset_t *mask, size_t room);

/* Old symbol versions with an ABI of their own, under names of ours. */
__typeof__(pthread_cond_wait) pthread_cond_wait_2_2_5;
__typeof__(pthread_cond_timedwait) pthread_cond_timedwait_2_2_5;
__typeof__(pthread_cond_signal) pthread_cond_signal_2_2_5;
__typeof__(pthread_cond_broadcast) pthread_cond_broadcast_2_2_5;
__typeof__(pthread_cond_init) pthread_cond_init_2_2_5;
__typeof__(pthread_cond_destroy) pthread_cond_destroy_2_2_5;
int timer_create_2_2_5(clockid_t clock, struct sigevent *event, int *timer);
int timer_settime_2_2_5(
	int timer, int flags, const struct itimerspec *value, struct itimerspec *old);
int timer_delete_2_2_5(int timer);

/* The same function under an older version's name. */
int timer_create_2_3_3(clockid_t clock, struct sigevent *event, timer_t *timer);
int timer_settime_2_3_3(
	timer_t timer, int flags, const struct itimerspec *value, struct itimerspec *old);
int timer_delete_2_3_3(timer_t timer);

enum call {
#define CALL(name, version, wait)	     CALL_##name,
#define CALL_OLD(name, version, alias, wait) CALL_##alias,
#define CALL_ALSO(name, call, wait)
#include "preload/calls.def"
#undef CALL
#undef CALL_OLD
#undef CALL_ALSO
	CALLS
};

struct real {
#define CALL(name, version, wait)	     __typeof__(name) *name;
#define CALL_OLD(name, version, alias, wait) __typeof__(alias) *alias;
#define CALL_ALSO(name, call, wait)
#include "preload/calls.def"
#undef CALL
#undef CALL_OLD
#undef CALL_ALSO
};

extern struct real real __attribute__((visibility("hidden")));

/* Finds them all: from the constructor, in one pass. */
void real_find_all(void);

/* Finds one: for an interposer that is called before the constructor. Never NULL: for a function that
 * libc does not have, one that fails with ENOSYS. Any thread, any time. */
void *real_find(enum call call) __attribute__((cold));

/* The real function. Loaded atomically: another thread may be storing the same value. */
#define REAL(name)                                                                                 \
	({                                                                                         \
		__typeof__(real.name) real_##name = __atomic_load_n(&real.name, __ATOMIC_RELAXED); \
		__builtin_expect(real_##name != NULL, 1)                                           \
			? real_##name                                                              \
			: (__typeof__(real.name))real_find(CALL_##name);                           \
	})

/* Marks an interposer: the only symbols that the library exports. */
#define INTERPOSE __attribute__((visibility("default")))

/* Exports an interposer of this file under a second name, under which libc has the same function. */
#if __has_attribute(copy)
#define INTERPOSE_ALIAS(name) visibility("default"), alias(#name), copy(name)
#else
#define INTERPOSE_ALIAS(name) visibility("default"), alias(#name)
#endif
#define INTERPOSE_ALSO(also, name)                                                                 \
	extern __typeof__(name) also __attribute__((INTERPOSE_ALIAS(name)))

#endif
