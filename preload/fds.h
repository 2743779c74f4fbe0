/*
 * fds.h - the descriptors that threads wait on, explained: what they are, and who has the other end; and those
 * that listen, have connections waiting, and nobody waits on.
 *
 * Watcher only. The host's descriptors are looked at through /proc, by the threads that wait on them, and
 * never opened: nothing of the host's is held, moved or woken. Bounded work for a dump, whatever the
 * number of threads and descriptors: what was left out is counted.
 */
#ifndef LEAKWATCH_FDS_H
#define LEAKWATCH_FDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sighting;

#define FD_NAME_BYTES 128
#define FD_OTHERS     4
#define FD_MEMBERS    16

/* A descriptor, or a set of them: the array of poll(), the sets of select(). */
struct fd_row {
	uint64_t object; /* as the waiting thread's: a descriptor, or the address of a set */
	bool is_set;
	char kind[16]; /* "pipe", "tcp", ...; of a set "set" */
	const char *state; /* of a socket: "listen", "established", ...; NULL: none, or not known */
	bool has_inode, has_value;
	uint64_t inode;
	uint64_t
		value; /* eventfd: its count; timerfd: its period in ns; epoll: watched; set: members */
	bool has_unread, has_unsent;
	uint64_t unread,
		unsent; /* of a socket: bytes; unread of one that listens: connections not accepted */
	char local[FD_NAME_BYTES],
		remote[FD_NAME_BYTES]; /* address or path, "": none, or not known */
	bool others_known; /* of a pipe, FIFO or Unix socket: this process was searched */
	int others[FD_OTHERS]; /* descriptors of this process that have the other end */
	unsigned other_count; /* of those in others; there may be more */
	int members[FD_MEMBERS]; /* of a set */
	unsigned member_count;

	/* While it is gathered. */
	int tid; /* a thread that waits on it */
	uint64_t
		peer; /* inode of the other end: a pipe's own, a Unix socket's peer's; 0: not sought */
	bool may_read, may_write;
};

struct fds {
	const struct fd_row *rows; /* in the order in which threads were found waiting on them */
	size_t count;
	uint64_t
		unexplained; /* waits whose descriptors found no room, or could not be explained wholly */
};

/* What threads wait on. Valid until the next. */
struct fds fds_gather(const struct sighting *threads, uint32_t count);

/* In the child of a fork: starts over. */
void fds_forget(void);

#endif
