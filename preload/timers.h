/*
 * timers.h - which timers are alive, and who made them.
 *
 * A table of fixed size without a lock: interposers add and remove, the watcher reads. What the kernel
 * knows of a timer (its period, its overruns, whether it still exists) is asked of the kernel when a dump
 * is taken, so that a timer which went without a call that we see is not reported as alive.
 */
#ifndef LEAKWATCH_TIMERS_H
#define LEAKWATCH_TIMERS_H

#include "preload/creators.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct scope;

enum timer_kind { TIMER_POSIX, TIMER_FD, TIMER_INTERVAL };

/* In place of SIGEV_*, for timers that have none. */
#define TIMER_NOTIFY_FD (-1)

/*
 * From interposers: after a successful creation, and before a deletion. handle is the timer_t, the
 * descriptor, or which itimer; one that is made again replaces the old one (a descriptor that was closed
 * unseen, an itimer set anew, which keeps its creator). timer_made() not in signal handlers, timer_gone()
 * anywhere.
 */
void timer_made(enum timer_kind kind, uint64_t handle, int clock, int notify);
void timer_gone(enum timer_kind kind, uint64_t handle);

/* From interposers, after a descriptor was duplicated: if from is a timerfd, to is the same one; what to was
 * before was closed by that. A timer is gone when its last descriptor is. Anywhere. */
void timer_copied(int from, int to);

/* How many are alive as far as the calls tell: decides when a process without threads gets a watcher. */
long timers_alive(void);

/* Timers that found no room in the table, since the process started. */
uint64_t timers_lost(void);

/* In the child of a fork, after creators_forget(): starts over, with the parent's timerfds, which the child
 * has too. Other timers are not inherited. */
void timers_inherit(void);

/* Starts over with nothing. */
void timers_forget(void);

struct timer {
	uint64_t id; /* never reused; 0: its creation was not seen */
	enum timer_kind kind;
	uint64_t handle;
	int clock, notify; /* clock -1: does not apply */
	uint64_t made_ns; /* CLOCK_MONOTONIC_COARSE; UINT64_MAX: not known */
	struct creator *creator; /* NULL: not known */
	const struct scope *scope; /* that it was made in, NULL: none */
	/* As the kernel has it. */
	uint64_t period_ns;
	int64_t overruns; /* -1: not known, as of a timerfd with expirations unread */
	int kernel_id; /* of a POSIX timer */
	int server; /* tid of the thread that is notified, 0: none in particular, or not known */
};

/* Calls note for each timer that still exists, in the order of the table; then for those whose creation was not
 * seen. tid is a thread with the host's descriptors. Watcher only. */
void timers_look(int tid, void (*note)(void *context, const struct timer *timer), void *context);

#endif
