/*
 * company.h - what every service does besides, and no tool should accuse it of.
 *
 * Each kind starts at once, in both modes of a pattern, and goes on until the program ends.
 */
#ifndef LEAKWATCH_COMPANY_H
#define LEAKWATCH_COMPANY_H

#ifdef __cplusplus
extern "C" {
#endif

enum company {
	COMPANY_POOL = 1 << 0, /* four workers on one condition variable that never have work */
	COMPANY_BUSY_POOL = 1 << 1, /* four workers on a semaphore, with work now and then */
	COMPANY_LAZY_POOL = 1 << 2, /* workers added while there is load, to eight */
	COMPANY_SHARDS = 1 << 3, /* eight workers, each with its own queue, half never with work */
	COMPANY_ACCEPT = 1 << 4, /* an accept loop that nobody connects to */
	COMPANY_IDLE_CLIENTS = 1 << 5, /* three connections that are silent all the time */
	COMPANY_SESSIONS = 1 << 6, /* connections that come and, half a second later, go */
	COMPANY_LONG_POLL = 1 << 7, /* three polls with a time limit, again and again */
	COMPANY_EVENTS = 1 << 8, /* an epoll loop with an event now and then */
	COMPANY_LOGGER = 1 << 9, /* a reader of a pipe that is written to now and then */
	COMPANY_TICKER = 1 << 10, /* a timerfd for all the time, and timers that are deleted */
	COMPANY_HEARTBEAT = 1 << 11, /* slow ones: a timed wait, and a sleep */
	COMPANY_QUEUE = 1 << 12, /* a bounded queue, mostly full, with a slow consumer */
	COMPANY_BURST = 1 << 13, /* threads that do a little and are joined */
	COMPANY_CONTENTION = 1 << 14, /* three threads that take turns with a lock */
	COMPANY_READERS = 1 << 15, /* readers and a writer of a read-write lock */
	COMPANY_SIGNALS = 1 << 16, /* a thread for signals that never come */
	COMPANY_SUPERVISOR =
		1 << 17, /* joins a worker that does not end, two finished ones later */
};

/* Frequent mixtures. */
#define COMPANY_SERVICE (COMPANY_POOL | COMPANY_ACCEPT | COMPANY_HEARTBEAT | COMPANY_SIGNALS)
#define COMPANY_NETWORK                                                                            \
	(COMPANY_ACCEPT | COMPANY_IDLE_CLIENTS | COMPANY_SESSIONS | COMPANY_LONG_POLL |            \
		COMPANY_EVENTS)
#define COMPANY_BATCH                                                                              \
	(COMPANY_BUSY_POOL | COMPANY_LAZY_POOL | COMPANY_QUEUE | COMPANY_BURST | COMPANY_SUPERVISOR)
#define COMPANY_LOCKS (COMPANY_CONTENTION | COMPANY_READERS | COMPANY_SHARDS | COMPANY_LOGGER)

void company_start(unsigned company);

#ifdef __cplusplus
}
#endif

#endif
