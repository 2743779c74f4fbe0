/*
 * peers.h - the other ends of the connections that a group's threads wait on.
 */
#ifndef LEAKWATCH_PEERS_H
#define LEAKWATCH_PEERS_H

#include "analyzer/group.h"

enum side {
	SIDE_UNKNOWN,
	SIDE_CLIENT, /* the process has asked others: many connections to few addresses */
	SIDE_SERVER, /* others may ask the process: many addresses at few of its own */
};

/* The descriptor that a thread waits on; of a set, its only member, or the only TCP connection in it. NULL: there are
 * several, or nothing is known. */
const struct dump_fd *peer_descriptor(
	const struct dump *dump, const struct dump_thread *thread, struct pool *pool);

/* Which side of its TCP connections the group is. */
enum side peers_side(const struct dump *dump, const struct group *group, struct pool *pool);

#endif
