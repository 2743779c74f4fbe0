/*
 * sockets.h - what the kernel says of sockets, by their inodes: addresses, states, peers.
 *
 * Watcher only. Asks the tables of the host's network namespace; the sockets themselves are not touched.
 */
#ifndef LEAKWATCH_SOCKETS_H
#define LEAKWATCH_SOCKETS_H

#include "preload/fds.h"

/* The socket's kind into row->kind, by its protocol: "tcp", "udp", "unix", "netlink", ...; "socket" where
 * the kernel does not say. */
void socket_kind(struct fd_row *row);

/* Kinds, addresses and states of the sockets among the rows that have no state yet, from the tables of the
 * network namespace; at most so much of these as is worth a dump's time. How many were sought in vain. */
unsigned sockets_tables(struct fd_row *rows, size_t count);

/* The inodes of TCP sockets of the network namespace, of any process, that listen and have connections that were not
 * accepted; at most room. How many. */
unsigned sockets_unaccepted(uint64_t *inodes, unsigned room);

/* Name, state and peer of a row of kind "unix". False where the kernel does not answer. */
bool socket_unix(struct fd_row *row);

#endif
