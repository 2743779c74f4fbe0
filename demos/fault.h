/*
 * fault.h - the faults of production that leakserver serves, one fault_NAME.c each.
 *
 * Each fault answers one path. Its serve() runs in the thread of the connection, does what the
 * request asks for with the fault or (fixed) without it, and returns the HTTP status. A fault leaks
 * threads with every request; fixed, it leaves nothing behind but what soon ends by itself.
 */
#ifndef LEAKWATCH_DEMO_FAULT_H
#define LEAKWATCH_DEMO_FAULT_H

#include <stdbool.h>

/* The statuses that the faults answer with. */
enum {
	FAULT_OK = 200,
	FAULT_FAILED = 502, /* a worker or a downstream service failed, as it is meant to */
	FAULT_BUSY = 503, /* no thread or socket could be had */
	FAULT_TIMEOUT = 504, /* the request's deadline has passed */
};

/* How long a request may take before its client is told to go away, where there is such a limit. */
#define FAULT_DEADLINE_NS 50000000u

struct fault {
	const char *name; /* for -fix */
	const char *path; /* of the URL */
	const char *about; /* the fault, and its fix, in one line */
	unsigned (*serve)(bool fixed);
};

extern const struct fault fault_slow, fault_result, fault_query, fault_fanout, fault_pool;

#endif
