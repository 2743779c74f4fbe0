/*
 * descriptor.h - the descriptors that threads wait on, in words.
 *
 * Texts are printable and live as long as the pool. fd may be NULL in all of them: NULL then.
 */
#ifndef LEAKWATCH_DESCRIPTOR_H
#define LEAKWATCH_DESCRIPTOR_H

#include "analyzer/dump.h"
#include "analyzer/memory.h"

/* "pipe:[4711], other end: fd 8 in this process", "tcp 127.0.0.1:8080, listening", "epoll, 12 watched",
 * "2 fds: 7 pipe:[4711], other end: fd 8 in this process; 5 tcp 127.0.0.1:8080, listening". */
const char *descriptor_words(struct pool *pool, const struct dump *dump, const struct dump_fd *fd);

/* The same behind the call that waits on it: "read(7) pipe:[4711], ...", "poll 2 fds: ...",
 * "epoll 4: 12 watched". */
const char *descriptor_call(
	struct pool *pool, const struct dump *dump, const char *wait, const struct dump_fd *fd);

#endif
