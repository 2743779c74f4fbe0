/*
 * watcher.h - the one thread of ours: when it starts, ticks, dumps and stops.
 *
 * It runs with every signal blocked (but for the two that glibc keeps for itself, and SIGSYS) and
 * with a descriptor table of its own, so the host neither sees nor closes what it opens.
 */
#ifndef LEAKWATCH_WATCHER_H
#define LEAKWATCH_WATCHER_H

/* Live timers that start a watcher in a process without threads. */
#define WATCHER_TIMERS 16

/* Starts it unless it runs in this process; after the real call of the host's first thread creation.
 * A failure is silent and tried again at the next creation. */
void watcher_start(void);

/* From the end of the constructor: what the environment asks for is known from now on. A watcher that was to
 * be started before, by a library whose constructor came first, starts here. */
void watcher_allow(void);

/* Around a fork by a host thread: waits, a moment at most, until no library is being opened; in the child:
 * there is no watcher here. */
void watcher_before_fork(void);
void watcher_forget(void);

/* At exit: takes the last dump if config.at_exit asks for it, and removes the socket. Waits at most
 * two seconds. */
void watcher_finish(void);

#endif
