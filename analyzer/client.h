/*
 * client.h - asks the watcher of a running process, over its control socket.
 *
 * Each call is one connection and one request (docs/dump-format.md, "The control socket"), and ends
 * by its deadline whatever the other side does: says nothing, says half, or never stops. The answer
 * is believed only if the kernel says that it comes from the process asked. Nothing here prints or
 * exits.
 */
#ifndef LEAKWATCH_CLIENT_H
#define LEAKWATCH_CLIENT_H

#include "analyzer/directory.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CLIENT_TIMEOUT_MS 10000 /* for a person who waits for one answer */
#define CLIENT_PROVE_TIMEOUT_MS                                                                    \
	120000 /* for a proof: two ticks, and what a shim allows itself for two pictures */
#define CLIENT_DUMP_MAX ((size_t)1 << 30) /* bytes of a dump; a longer one is malformed */

/* Why there is no answer. */
enum client_result {
	CLIENT_OK = 0,
	CLIENT_NO_PROCESS = -1, /* no process has this pid */
	CLIENT_OTHER_USER = -2, /* it belongs to another user, and we are not root */
	CLIENT_NOT_PRELOADED = -3, /* it has no socket: no shim, or no thread created yet */
	CLIENT_STALE = -4, /* it has a socket, but nobody listens on it any more */
	CLIENT_IMPOSTOR = -5, /* another process answers on its socket */
	CLIENT_SILENT = -6, /* its watcher did not finish answering in time */
	CLIENT_CUT_SHORT = -7, /* the connection closed before the answer was complete */
	CLIENT_MALFORMED = -8, /* the answer is not one of the protocol */
	CLIENT_REFUSED = -9, /* the watcher answered "error ..." */
	CLIENT_UNKNOWN_REQUEST = -11, /* it answered that it does not know the request */
	CLIENT_SYSTEM = -10, /* a system call of ours failed; errno says why */
};

/* What a person reads after "cannot ask process PID: ". A static text. */
const char *client_words(enum client_result result);

struct client_status {
	pid_t pid;
	uint64_t start_ticks;
	char comm[64]; /* decoded; may hold any byte but NUL, so print it with care */
	uint64_t threads;
	uint64_t blocked;
	uint64_t dumps; /* taken so far */
	int64_t oldest_ns; /* age of the oldest wait; -1: not measured, nobody waits */
	int64_t interval_ns; /* between dumps; -1: not measured */
};

/* Asks process PID how it is, on the socket in WHERE; with WHERE NULL, in the process's own directory
 * (directory_open_of_process), where it may take a second more: a process that has the shim and no socket
 * yet, or nobody at it yet, is given that time. On failure *status is untouched. */
enum client_result client_status(
	const struct directory *where, pid_t pid, int timeout_ms, struct client_status *status);

struct client_dump {
	char *text; /* the whole dump and a NUL behind it; owned; client_dump_free() */
	size_t bytes; /* without the NUL */
	char *path; /* where the process stored it, decoded; NULL: it could not. Owned too */
};

/* Has process PID take a dump now, and returns it. WHERE as above. On failure *dump is untouched. */
enum client_result client_dump(
	const struct directory *where, pid_t pid, int timeout_ms, struct client_dump *dump);

/* The same, with a proof of which waits can never end; to be given CLIENT_PROVE_TIMEOUT_MS. Shims that are older
 * than this request answer CLIENT_UNKNOWN_REQUEST. */
enum client_result client_prove(
	const struct directory *where, pid_t pid, int timeout_ms, struct client_dump *dump);

/* Safe on a zeroed or already freed dump. */
void client_dump_free(struct client_dump *dump);

#endif
