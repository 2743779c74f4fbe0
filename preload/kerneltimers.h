/*
 * kerneltimers.h - what the kernel says of this process's timers, beyond what the calls on a timer tell: which
 * there are, whoever made them, and who is notified.
 *
 * Watcher only. Bounded work: a process may have very many timers and descriptors.
 */
#ifndef LEAKWATCH_KERNELTIMERS_H
#define LEAKWATCH_KERNELTIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A POSIX timer. */
struct kernel_timer {
	int id; /* the kernel's */
	int clock;
	int notify; /* SIGEV_* */
	int thread; /* tid of the thread that is notified, 0: the process, or nobody */
	bool known; /* the caller's: starts false */
};

/* Those of /proc/PID/timers, at most room. false where there are more, or the kernel does not say. */
bool kernel_timers_list(struct kernel_timer *timers, size_t room, size_t *count);

/* A descriptor of the host, by a thread that has it: false if it is no timerfd (any more). */
struct timerfd {
	uint64_t period_ns;
	uint64_t unread; /* expirations that nobody has read */
	int clock;
};
bool timerfd_look(int tid, int fd, struct timerfd *timerfd);

/* Whether two descriptors of that thread are one and the same open file; false also where that cannot be
 * told. */
bool descriptors_same(int tid, int fd, int other);

#endif
