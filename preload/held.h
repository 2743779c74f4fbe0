/*
 * held.h - numbers that the kernel keeps for the process, and gives back to it: any of them may be a pointer.
 *
 * Data of epoll entries, values of POSIX timers, counts of eventfds. What cannot be read, and what may hold numbers
 * without showing them (bytes unread in a pipe, an io_uring, a pending signal), is a reason not to be sure.
 *
 * Watcher only. A few microseconds for each descriptor.
 */
#ifndef LEAKWATCH_HELD_H
#define LEAKWATCH_HELD_H

#include "preload/still.h"

#include <stddef.h>
#include <stdint.h>

enum held_kind { HELD_EPOLL, HELD_EVENTFD, HELD_TIMER };

struct held {
	enum held_kind kind;
	uint32_t number; /* of the descriptor, or the timer */
	uint64_t value;
};

struct helds {
	const struct held *list; /* until the next call */
	size_t count;
	uint32_t reasons; /* bits of enum reason */
};

/* As the host's table of descriptors has them, and its threads. */
struct helds helds_read(const struct stills *stills);

/* In the child of a fork: starts over. */
void helds_forget(void);

#endif
