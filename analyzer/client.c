/*
 * client.c - one connection, one request, one answer, one deadline.
 *
 * Guarantee: a call returns by its deadline and with one of the results of client.h, whatever the other
 * side sends; memory is bounded by CLIENT_DUMP_MAX. An answer counts only if the socket's listener is
 * the process asked (SO_PEERCRED): a pid that is used again, or a socket that somebody else put there,
 * is told apart by the kernel and not by what it says.
 */
#include "analyzer/client.h"
#include "analyzer/number.h"
#include "analyzer/percent.h"
#include "analyzer/procfs.h"
#include "preload/contract/dump.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define MS_NS	    INT64_C(1000000)
#define START_MS    1000 /* that a watcher may need from its process's first thread to its socket */
#define START_STEPS 50

const char *client_words(enum client_result result)
{
	switch (result) {
	case CLIENT_OK:
		return "no error";
	case CLIENT_NO_PROCESS:
		return "there is no such process";
	case CLIENT_OTHER_USER:
		return "it belongs to another user";
	case CLIENT_NOT_PRELOADED:
		return "it has no control socket (not started by leakwatch run, or no thread yet)";
	case CLIENT_STALE:
		return "nobody listens on its control socket any more";
	case CLIENT_IMPOSTOR:
		return "another process listens on its control socket";
	case CLIENT_SILENT:
		return "its watcher does not answer";
	case CLIENT_CUT_SHORT:
		return "its watcher closed the connection before the answer was complete";
	case CLIENT_MALFORMED:
		return "its watcher's answer makes no sense";
	case CLIENT_REFUSED:
		return "its watcher refused the request";
	case CLIENT_UNKNOWN_REQUEST:
		return "its libleakwatch.so does not know this request: it is older than this "
		       "leakwatch";
	case CLIENT_SYSTEM:
		return strerror(errno);
	}
	return "unknown result";
}

/* --- the connection -------------------------------------------------------------------------------- */

/* What was received and not yet taken is buffer[start..end). */
struct connection {
	int fd;
	int64_t deadline_ns;
	size_t start, end;
	char buffer[DUMP_LINE_MAX];
};

static int64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Milliseconds to the deadline, rounded up; 0 when it has passed. */
static int remaining_ms(const struct connection *connection)
{
	int64_t left = connection->deadline_ns - now_ns();
	return left > 0 ? (int)((left + MS_NS - 1) / MS_NS) : 0;
}

static enum client_result connect_result(int error, pid_t pid)
{
	struct procfs_uids uids;
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return procfs_uids(pid, &uids) < 0 ? CLIENT_NO_PROCESS : CLIENT_NOT_PRELOADED;
	case ECONNREFUSED:
	case ENOTSOCK:
	case EPROTOTYPE:
		return CLIENT_STALE;
	case EACCES:
	case EPERM:
		return CLIENT_OTHER_USER;
	case EAGAIN:
		return CLIENT_SILENT;
	default:
		errno = error;
		return CLIENT_SYSTEM;
	}
}

/* Connecting waits while the listener's queue is full, and poll() cannot wait for that; the send
 * timeout can. */
static int set_send_timeout(const struct connection *connection)
{
	int left = remaining_ms(connection);
	struct timeval timeout = {.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000};
	if (left == 0)
		timeout.tv_usec = 1; /* 0 would mean for ever */
	return setsockopt(connection->fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
}

static enum client_result check_peer(int fd, pid_t pid)
{
	struct ucred peer;
	socklen_t size = sizeof peer;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return CLIENT_SYSTEM;
	return peer.pid == pid ? CLIENT_OK : CLIENT_IMPOSTOR;
}

/* Opens connection->fd, which the caller closes even after a failure (-1 if there is none). */
static enum client_result open_connection(
	struct connection *connection, const struct directory *where, pid_t pid)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	/* By descriptor: the directory's path may be longer than an address, and may since name
	 * another directory. */
	snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%d.sock", where->fd,
		(int)pid);
	connection->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connection->fd < 0 || set_send_timeout(connection) < 0)
		return CLIENT_SYSTEM;
	if (connect(connection->fd, (struct sockaddr *)&address, sizeof address) < 0)
		return connect_result(errno, pid);
	return check_peer(connection->fd, pid);
}

static enum client_result send_request(struct connection *connection, const char *request)
{
	char line[32];
	int length = snprintf(line, sizeof line, "%s\n", request);
	ssize_t sent = send(connection->fd, line, (size_t)length, MSG_NOSIGNAL);
	if (sent == length)
		return CLIENT_OK;
	/* The watcher may have said why before it hung up. */
	if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
		return CLIENT_OK;
	return sent < 0 && errno != EAGAIN && errno != EINTR ? CLIENT_SYSTEM : CLIENT_SILENT;
}

/* Receives up to SIZE bytes, at least one; *received is 0 at the end of the stream. */
static enum client_result receive(
	struct connection *connection, char *out, size_t size, size_t *received)
{
	/* Looked at first: somebody who always has one more byte must not escape the deadline. */
	for (int left; (left = remaining_ms(connection)) > 0;) {
		ssize_t got = recv(connection->fd, out, size, MSG_DONTWAIT);
		if (got >= 0) {
			*received = (size_t)got;
			return CLIENT_OK;
		}
		if (errno == ECONNRESET) {
			*received = 0;
			return CLIENT_OK;
		}
		if (errno != EAGAIN && errno != EINTR)
			return CLIENT_SYSTEM;
		struct pollfd readable = {.fd = connection->fd, .events = POLLIN};
		if (poll(&readable, 1, left) < 0 && errno != EINTR)
			return CLIENT_SYSTEM;
	}
	return CLIENT_SILENT;
}

/* --- the parts of an answer ------------------------------------------------------------------------ */

/* Receives the first line, ended by a NUL in place of its newline; it lives in the buffer. */
static enum client_result take_line(struct connection *connection, char **line)
{
	size_t searched = 0;
	for (;;) {
		char *newline =
			memchr(connection->buffer + searched, '\n', connection->end - searched);
		if (newline) {
			*newline = '\0';
			*line = connection->buffer;
			connection->start = (size_t)(newline - connection->buffer) + 1;
			return CLIENT_OK;
		}
		searched = connection->end;
		if (connection->end == sizeof connection->buffer)
			return CLIENT_MALFORMED;
		size_t received = 0;
		enum client_result result =
			receive(connection, connection->buffer + connection->end,
				sizeof connection->buffer - connection->end, &received);
		if (result != CLIENT_OK)
			return result;
		if (received == 0)
			return CLIENT_CUT_SHORT;
		connection->end += received;
	}
}

static enum client_result take_bytes(struct connection *connection, char *out, size_t size)
{
	size_t filled = connection->end - connection->start;
	if (filled > size)
		return CLIENT_MALFORMED;
	memcpy(out, connection->buffer + connection->start, filled);
	connection->start = connection->end;
	while (filled < size) {
		size_t received = 0;
		enum client_result result =
			receive(connection, out + filled, size - filled, &received);
		if (result != CLIENT_OK)
			return result;
		if (received == 0)
			return CLIENT_CUT_SHORT;
		filled += received;
	}
	return CLIENT_OK;
}

/* The answer must stop where it said that it would. */
static enum client_result take_end(struct connection *connection)
{
	char extra;
	size_t received = 0;
	if (connection->start != connection->end)
		return CLIENT_MALFORMED;
	enum client_result result = receive(connection, &extra, 1, &received);
	if (result != CLIENT_OK)
		return result;
	return received == 0 ? CLIENT_OK : CLIENT_MALFORMED;
}

/* --- the first line -------------------------------------------------------------------------------- */

/* "ok ...": moves *line to its fields. */
static enum client_result check_line(char **line)
{
	if (strcmp(*line, "error unknown request") == 0)
		return CLIENT_UNKNOWN_REQUEST;
	if (strncmp(*line, "error", 5) == 0 && ((*line)[5] == ' ' || !(*line)[5]))
		return CLIENT_REFUSED;
	if (strncmp(*line, "ok ", 3) != 0)
		return CLIENT_MALFORMED;
	*line += 3;
	return CLIENT_OK;
}

/* Copies the value of KEY out of "key=value key=value"; other keys are passed over. */
static bool field_text(const char *fields, const char *key, char *value, size_t size)
{
	size_t length = strlen(key);
	while (*fields) {
		size_t word = strcspn(fields, " ");
		if (word > length && strncmp(fields, key, length) == 0 && fields[length] == '=') {
			size_t bytes = word - length - 1;
			if (bytes >= size)
				return false;
			memcpy(value, fields + length + 1, bytes);
			value[bytes] = '\0';
			return true;
		}
		fields += word;
		fields += strspn(fields, " ");
	}
	return false;
}

static bool field_number(const char *fields, const char *key, uint64_t max, uint64_t *number)
{
	char text[32];
	return field_text(fields, key, text, sizeof text) && number_parse(text, max, number) == 0;
}

/* A time that may be "not measured". */
static bool field_time(const char *fields, const char *key, int64_t *time_ns)
{
	char text[32];
	uint64_t number;
	if (!field_text(fields, key, text, sizeof text))
		return false;
	if (strcmp(text, DUMP_ABSENT) == 0) {
		*time_ns = -1;
		return true;
	}
	if (number_parse(text, INT64_MAX, &number) < 0)
		return false;
	*time_ns = (int64_t)number;
	return true;
}

static bool parse_status(const char *fields, pid_t asked, struct client_status *status)
{
	uint64_t pid;
	char comm[3 * sizeof status->comm];
	if (!field_number(fields, "pid", INT32_MAX, &pid) || (pid_t)pid != asked ||
		!field_number(fields, "start_ticks", UINT64_MAX, &status->start_ticks) ||
		!field_number(fields, "threads", UINT64_MAX, &status->threads) ||
		!field_number(fields, "blocked", UINT64_MAX, &status->blocked) ||
		!field_number(fields, "dumps", UINT64_MAX, &status->dumps) ||
		!field_time(fields, "oldest_ns", &status->oldest_ns) ||
		!field_time(fields, "interval_ns", &status->interval_ns) ||
		!field_text(fields, "comm", comm, sizeof comm) ||
		percent_decode(comm, status->comm, sizeof status->comm) < 0)
		return false;
	status->pid = asked;
	return true;
}

/* *path is NULL when the dump was not stored. */
static enum client_result parse_dump(const char *fields, size_t *bytes, char **path)
{
	uint64_t number;
	*path = NULL;
	char *text = malloc(DUMP_LINE_MAX);
	if (!text)
		return CLIENT_SYSTEM;
	if (!field_number(fields, "bytes", CLIENT_DUMP_MAX, &number) ||
		!field_text(fields, "path", text, DUMP_LINE_MAX))
		goto malformed;
	*bytes = number;
	if (strcmp(text, DUMP_ABSENT) == 0) {
		free(text);
		return CLIENT_OK;
	}
	if (percent_decode(text, text, DUMP_LINE_MAX) < 0 || !*text)
		goto malformed;
	*path = text;
	return CLIENT_OK;
malformed:
	free(text);
	return CLIENT_MALFORMED;
}

/* --- the requests ---------------------------------------------------------------------------------- */

/* Sends REQUEST and receives the answer's first line. */
static enum client_result ask(struct connection *connection, const struct directory *where,
	pid_t pid, const char *request, char **fields)
{
	enum client_result result = open_connection(connection, where, pid);
	if (result == CLIENT_OK)
		result = send_request(connection, request);
	if (result == CLIENT_OK)
		result = take_line(connection, fields);
	return result == CLIENT_OK ? check_line(fields) : result;
}

static enum client_result ask_status(
	struct connection *connection, const struct directory *where, pid_t pid, void *out)
{
	struct client_status status;
	char *fields;
	enum client_result result = ask(connection, where, pid, CONTROL_STATUS, &fields);
	if (result == CLIENT_OK)
		result = take_end(connection);
	if (result != CLIENT_OK)
		return result;
	if (!parse_status(fields, pid, &status))
		return CLIENT_MALFORMED;
	*(struct client_status *)out = status;
	return CLIENT_OK;
}

static enum client_result take_dump(struct connection *connection, struct client_dump *dump)
{
	dump->text = malloc(dump->bytes + 1);
	if (!dump->text)
		return CLIENT_SYSTEM;
	enum client_result result = take_bytes(connection, dump->text, dump->bytes);
	dump->text[result == CLIENT_OK ? dump->bytes : 0] = '\0';
	return result == CLIENT_OK ? take_end(connection) : result;
}

static enum client_result ask_with(const char *request, struct connection *connection,
	const struct directory *where, pid_t pid, struct client_dump *out)
{
	struct client_dump dump = {0};
	char *fields;
	enum client_result result = ask(connection, where, pid, request, &fields);
	if (result == CLIENT_OK)
		result = parse_dump(fields, &dump.bytes, &dump.path);
	if (result == CLIENT_OK)
		result = take_dump(connection, &dump);
	if (result == CLIENT_OK)
		*out = dump;
	else
		client_dump_free(&dump);
	return result;
}

static enum client_result ask_dump(
	struct connection *connection, const struct directory *where, pid_t pid, void *out)
{
	return ask_with(CONTROL_DUMP, connection, where, pid, out);
}

static enum client_result ask_prove(
	struct connection *connection, const struct directory *where, pid_t pid, void *out)
{
	return ask_with(CONTROL_PROVE, connection, where, pid, out);
}

typedef enum client_result (*requester)(
	struct connection *connection, const struct directory *where, pid_t pid, void *out);

static enum client_result directory_result(int error)
{
	switch (error) {
	case ESRCH:
		return CLIENT_NO_PROCESS;
	case EACCES:
		return CLIENT_OTHER_USER;
	case ENOENT:
		return CLIENT_NOT_PRELOADED;
	default:
		return CLIENT_SYSTEM;
	}
}

static enum client_result with_connection(
	requester ask_for, const struct directory *where, pid_t pid, int timeout_ms, void *out)
{
	struct connection *connection = calloc(1, sizeof *connection);
	if (!connection)
		return CLIENT_SYSTEM;
	connection->fd = -1;
	connection->deadline_ns = now_ns() + timeout_ms * MS_NS;
	enum client_result result = ask_for(connection, where, pid, out);
	int error = errno;
	if (connection->fd >= 0)
		close(connection->fd);
	free(connection);
	errno = error;
	return result;
}

static enum client_result with_own_directory(
	requester ask_for, pid_t pid, int timeout_ms, void *out)
{
	struct directory found;
	if (directory_open_of_process(pid, &found) < 0)
		return directory_result(errno);
	enum client_result result = with_connection(ask_for, &found, pid, timeout_ms, out);
	directory_close(&found);
	return result;
}

/* A process has its watcher a moment after its first thread, and a watcher its socket a moment after that: while
 * thousands of threads are being made, much later. */
static bool may_be_starting(enum client_result result, pid_t pid)
{
	if (result != CLIENT_NOT_PRELOADED && result != CLIENT_STALE)
		return false;
	/* One that runs leakwatch itself is about to become the program. */
	return procfs_has_shim(pid) || (pid != getpid() && procfs_same_program(pid, getpid()));
}

static enum client_result with_directory(
	requester ask_for, const struct directory *where, pid_t pid, int timeout_ms, void *out)
{
	if (where)
		return with_connection(ask_for, where, pid, timeout_ms, out);
	enum client_result result = with_own_directory(ask_for, pid, timeout_ms, out);
	for (int i = 0; i < START_STEPS && may_be_starting(result, pid); i++) {
		usleep(START_MS / START_STEPS * 1000);
		result = with_own_directory(ask_for, pid, timeout_ms, out);
	}
	return result;
}

enum client_result client_status(
	const struct directory *where, pid_t pid, int timeout_ms, struct client_status *status)
{
	return with_directory(ask_status, where, pid, timeout_ms, status);
}

enum client_result client_dump(
	const struct directory *where, pid_t pid, int timeout_ms, struct client_dump *dump)
{
	return with_directory(ask_dump, where, pid, timeout_ms, dump);
}

enum client_result client_prove(
	const struct directory *where, pid_t pid, int timeout_ms, struct client_dump *dump)
{
	return with_directory(ask_prove, where, pid, timeout_ms, dump);
}

void client_dump_free(struct client_dump *dump)
{
	int error = errno;
	free(dump->text);
	free(dump->path);
	*dump = (struct client_dump){0};
	errno = error;
}
