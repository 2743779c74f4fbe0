/*
 * client.c - the client against a small server that answers well, wrongly, partly, too much or never.
 */
#include "analyzer/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GENEROUS_MS 20000 /* far more than any answer needs: only silence may reach it */
#define SHORT_MS    200

#define STATUS                                                                                     \
	"pid=%d start_ticks=8812 comm=my%%20program threads=2001 blocked=2000 "                    \
	"oldest_ns=3000000000 dumps=4 interval_ns=60000000000"

static struct directory where;

/* --- the server ------------------------------------------------------------------------------------ */

enum then { CLOSE, HOLD, FLOOD, DRIBBLE };

struct server {
	const char *answer; /* a format, given the server's pid */
	enum then then; /* after the answer */
	bool deaf; /* closes without reading the request */
	pid_t named; /* the socket's pid; 0: its own */
};

static int bind_socket(pid_t pid)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%d.sock", where.fd,
		pid);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
		_exit(1);
	return fd;
}

static void wait_for_client_to_go(int fd)
{
	char byte;
	while (read(fd, &byte, 1) > 0)
		;
}

/* One byte before each deadline could pass, and never a last one. */
static void dribble(int fd)
{
	struct timespec pause = {.tv_nsec = 20000000};
	while (send(fd, "x", 1, MSG_NOSIGNAL) == 1)
		nanosleep(&pause, NULL);
}

static void serve(int listener, const struct server *server)
{
	char request[64], answer[4096];
	int fd = accept(listener, NULL, NULL);
	if (fd < 0 || (!server->deaf && read(fd, request, sizeof request) <= 0))
		_exit(1);
	int bytes = snprintf(answer, sizeof answer, server->answer, (int)getpid());
	if (send(fd, answer, (size_t)bytes, MSG_NOSIGNAL) != bytes)
		_exit(1);
	if (server->then == HOLD)
		wait_for_client_to_go(fd);
	memset(answer, 'x', sizeof answer);
	while (server->then == FLOOD && send(fd, answer, sizeof answer, MSG_NOSIGNAL) > 0)
		;
	if (server->then == DRIBBLE)
		dribble(fd);
}

/* In a process of its own, because the client asks the kernel who listens. */
static pid_t start_server(const struct server *server)
{
	int ready[2];
	char byte;
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int listener = bind_socket(server->named ? server->named : getpid());
		if (listen(listener, 1) < 0 || write(ready[1], "", 1) != 1)
			_exit(1);
		serve(listener, server);
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void end_server(pid_t pid, pid_t named)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	directory_socket_remove(&where, named ? named : pid);
}

static enum client_result ask_status(
	const struct server *server, int timeout_ms, struct client_status *status)
{
	pid_t pid = start_server(server);
	pid_t asked = server->named ? server->named : pid;
	enum client_result result = client_status(&where, asked, timeout_ms, status);
	end_server(pid, server->named);
	return result;
}

static enum client_result ask_dump(
	const struct server *server, int timeout_ms, struct client_dump *dump)
{
	pid_t pid = start_server(server);
	enum client_result result = client_dump(&where, pid, timeout_ms, dump);
	end_server(pid, 0);
	return result;
}

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* --- answers --------------------------------------------------------------------------------------- */

static void status_is_read(void **state)
{
	(void)state;
	struct client_status status;
	struct server server = {.answer = "ok new=1 " STATUS "\n"};
	assert_int_equal(ask_status(&server, GENEROUS_MS, &status), CLIENT_OK);
	assert_string_equal(status.comm, "my program");
	assert_int_equal(status.start_ticks, 8812);
	assert_int_equal(status.threads, 2001);
	assert_int_equal(status.blocked, 2000);
	assert_int_equal(status.oldest_ns, 3000000000);
	assert_int_equal(status.dumps, 4);
	assert_int_equal(status.interval_ns, 60000000000);
}

static void absent_age_is_not_zero(void **state)
{
	(void)state;
	struct client_status status;
	struct server server = {.answer = "ok pid=%d start_ticks=1 comm=a threads=1 blocked=0 "
					  "oldest_ns=- dumps=0 interval_ns=0\n"};
	assert_int_equal(ask_status(&server, GENEROUS_MS, &status), CLIENT_OK);
	assert_int_equal(status.oldest_ns, -1);
	assert_int_equal(status.interval_ns, 0);
}

static void dump_is_read(void **state)
{
	(void)state;
	struct client_dump dump;
	struct server server = {.answer = "ok bytes=6 path=/tmp/a%%20b.dump\nab\ncd\n"};
	assert_int_equal(ask_dump(&server, GENEROUS_MS, &dump), CLIENT_OK);
	assert_string_equal(dump.text, "ab\ncd\n");
	assert_int_equal(dump.bytes, 6);
	assert_string_equal(dump.path, "/tmp/a b.dump");
	client_dump_free(&dump);
	client_dump_free(&dump);
}

static void unstored_dump_has_no_path(void **state)
{
	(void)state;
	struct client_dump dump;
	struct server server = {.answer = "ok bytes=0 path=-\n"};
	assert_int_equal(ask_dump(&server, GENEROUS_MS, &dump), CLIENT_OK);
	assert_null(dump.path);
	assert_string_equal(dump.text, "");
	client_dump_free(&dump);
}

enum { LARGE_BYTES = 3000000 }; /* larger than any buffer */

static _Noreturn void serve_large(int ready, const char *extra)
{
	int listener = bind_socket(getpid());
	if (listen(listener, 1) < 0 || write(ready, "", 1) != 1)
		_exit(1);
	FILE *answer = fdopen(accept(listener, NULL, NULL), "w");
	fprintf(answer, "ok bytes=%d path=-\n", LARGE_BYTES);
	for (int i = 0; i < LARGE_BYTES / 10; i++)
		fprintf(answer, "%09d\n", i);
	fputs(extra, answer);
	fflush(answer);
	_exit(0);
}

static enum client_result ask_large(const char *extra, struct client_dump *dump)
{
	int ready[2];
	char byte;
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0)
		serve_large(ready[1], extra);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	enum client_result result = client_dump(&where, pid, GENEROUS_MS, dump);
	end_server(pid, 0);
	return result;
}

static void large_dump_is_read_whole(void **state)
{
	(void)state;
	struct client_dump dump;
	assert_int_equal(ask_large("", &dump), CLIENT_OK);
	assert_int_equal(dump.bytes, LARGE_BYTES);
	for (int i = 0; i < LARGE_BYTES / 10; i++)
		assert_int_equal(atoi(dump.text + i * 10), i);
	client_dump_free(&dump);
	assert_int_equal(ask_large("x", &dump), CLIENT_MALFORMED);
}

static void old_shim_knows_no_proof(void **state)
{
	(void)state;
	struct client_dump dump;
	struct server server = {.answer = "error unknown request\n"};
	pid_t pid = start_server(&server);
	assert_int_equal(client_prove(&where, pid, GENEROUS_MS, &dump), CLIENT_UNKNOWN_REQUEST);
	end_server(pid, server.named);
}

static void refusal_is_read_without_request(void **state)
{
	(void)state;
	struct client_dump dump;
	struct server server = {.answer = "error not permitted\n"};
	assert_int_equal(ask_dump(&server, GENEROUS_MS, &dump), CLIENT_REFUSED);
	server.deaf = true;
	enum client_result result = ask_dump(&server, GENEROUS_MS, &dump);
	/* A reset may overtake what was said before it. */
	assert_true(result == CLIENT_REFUSED || result == CLIENT_CUT_SHORT);
}

/* --- wrong answers --------------------------------------------------------------------------------- */

static void wrong_status_is_told(void **state)
{
	(void)state;
	static const struct {
		const char *answer;
		enum client_result result;
	} cases[] = {
		{"", CLIENT_CUT_SHORT},
		{"ok pid=", CLIENT_CUT_SHORT},
		{"ok " STATUS, CLIENT_CUT_SHORT},
		{"\n", CLIENT_MALFORMED},
		{"ok\n", CLIENT_MALFORMED},
		{"okay " STATUS "\n", CLIENT_MALFORMED},
		{"ok " STATUS "\nmore", CLIENT_MALFORMED},
		{"ok pid=1 " STATUS "\n", CLIENT_MALFORMED},
		{"ok threads=-1 " STATUS "\n", CLIENT_MALFORMED},
		{"ok comm=%%%%zz " STATUS "\n", CLIENT_MALFORMED},
		{"ok oldest_ns=99999999999999999999 " STATUS "\n", CLIENT_MALFORMED},
		{"ok pid=%d comm=a threads=1\n", CLIENT_MALFORMED},
		{"error\n", CLIENT_REFUSED},
		{"error unknown request\n", CLIENT_UNKNOWN_REQUEST},
		{"error unknown request, or so\n", CLIENT_REFUSED},
		{"errors\n", CLIENT_MALFORMED},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct client_status status = {.pid = 77};
		struct server server = {.answer = cases[i].answer};
		enum client_result result = ask_status(&server, GENEROUS_MS, &status);
		if (result != cases[i].result)
			print_message("# answer: %s\n", cases[i].answer);
		assert_int_equal(result, cases[i].result);
		assert_int_equal(status.pid, 77);
	}
}

static void wrong_dump_is_told(void **state)
{
	(void)state;
	static const struct {
		const char *answer;
		enum client_result result;
	} cases[] = {
		{"ok bytes=10 path=-\n123456789", CLIENT_CUT_SHORT},
		{"ok bytes=1000000000 path=-\n1", CLIENT_CUT_SHORT},
		{"ok bytes=3 path=-\n1234", CLIENT_MALFORMED},
		{"ok bytes=99999999999 path=-\n", CLIENT_MALFORMED},
		{"ok bytes=x path=-\n", CLIENT_MALFORMED},
		{"ok bytes=0\n", CLIENT_MALFORMED},
		{"ok bytes=0 path=\n", CLIENT_MALFORMED},
		{"ok bytes=0 path=/a%%0\n", CLIENT_MALFORMED},
		{"ok path=-\n", CLIENT_MALFORMED},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct client_dump dump = {.bytes = 77};
		struct server server = {.answer = cases[i].answer};
		enum client_result result = ask_dump(&server, GENEROUS_MS, &dump);
		if (result != cases[i].result)
			print_message("# answer: %s\n", cases[i].answer);
		assert_int_equal(result, cases[i].result);
		assert_int_equal(dump.bytes, 77);
	}
}

static void endless_line_is_malformed(void **state)
{
	(void)state;
	struct client_status status;
	struct server server = {.answer = "ok ", .then = FLOOD};
	assert_int_equal(ask_status(&server, GENEROUS_MS, &status), CLIENT_MALFORMED);
}

/* --- deadlines ------------------------------------------------------------------------------------- */

static void silence_ends_at_the_deadline(void **state)
{
	(void)state;
	static const struct server servers[] = {
		{.answer = "", .then = HOLD},
		{.answer = "ok pid=", .then = HOLD},
		{.answer = "ok " STATUS "\n", .then = HOLD},
		{.answer = "ok pid=", .then = DRIBBLE},
	};
	for (size_t i = 0; i < sizeof servers / sizeof *servers; i++) {
		struct client_status status;
		int64_t start = now_ms();
		assert_int_equal(ask_status(&servers[i], SHORT_MS, &status), CLIENT_SILENT);
		int64_t took = now_ms() - start;
		assert_true(took >= SHORT_MS);
		assert_true(took < GENEROUS_MS / 2);
	}
}

static void half_a_dump_ends_at_the_deadline(void **state)
{
	(void)state;
	static const struct server servers[] = {
		{.answer = "ok bytes=100 path=-\nhalf", .then = HOLD},
		{.answer = "ok bytes=1000000 path=-\nhalf", .then = DRIBBLE},
		{.answer = "ok bytes=4 path=-\nfull", .then = HOLD},
	};
	for (size_t i = 0; i < sizeof servers / sizeof *servers; i++) {
		struct client_dump dump = {0};
		assert_int_equal(ask_dump(&servers[i], SHORT_MS, &dump), CLIENT_SILENT);
		assert_null(dump.text);
	}
}

/* A watcher that hangs accepts nobody; the queue fills, and then even connecting waits. */
static void full_queue_ends_at_the_deadline(void **state)
{
	(void)state;
	struct client_status status;
	int listener = bind_socket(getpid());
	assert_int_equal(listen(listener, 0), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(client_status(&where, getpid(), SHORT_MS, &status), CLIENT_SILENT);
	close(listener);
	directory_socket_remove(&where, getpid());
}

/* --- who is there ---------------------------------------------------------------------------------- */

static void nobody_there_is_told(void **state)
{
	(void)state;
	struct client_status status;
	pid_t gone = fork();
	if (gone == 0)
		_exit(0);
	waitpid(gone, NULL, 0);
	assert_int_equal(client_status(NULL, gone, GENEROUS_MS, &status), CLIENT_NO_PROCESS);
	assert_int_equal(client_status(&where, gone, GENEROUS_MS, &status), CLIENT_NO_PROCESS);
	assert_int_equal(client_status(NULL, getpid(), GENEROUS_MS, &status), CLIENT_NOT_PRELOADED);
	assert_int_equal(
		client_status(&where, getpid(), GENEROUS_MS, &status), CLIENT_NOT_PRELOADED);
	int listener = bind_socket(getpid());
	close(listener);
	assert_int_equal(client_status(&where, getpid(), GENEROUS_MS, &status), CLIENT_STALE);
	directory_socket_remove(&where, getpid());
}

static void another_process_is_not_believed(void **state)
{
	(void)state;
	struct client_status status;
	struct server server = {.answer = "ok " STATUS "\n", .named = getpid()};
	assert_int_equal(ask_status(&server, GENEROUS_MS, &status), CLIENT_IMPOSTOR);
}

static void own_directory_is_found(void **state)
{
	(void)state;
	struct client_status status;
	struct server server = {.answer = "ok " STATUS "\n"};
	setenv("LEAKWATCH_DIR", where.path, 1);
	pid_t pid = start_server(&server);
	enum client_result result = client_status(NULL, pid, GENEROUS_MS, &status);
	end_server(pid, 0);
	unsetenv("LEAKWATCH_DIR");
	assert_int_equal(result, CLIENT_OK);
}

static void other_user_is_told(void **state)
{
	(void)state;
	struct client_status status;
	if (geteuid() != 0) {
		/* Process 1 is root's, if it can be seen at all. */
		enum client_result result = client_status(NULL, 1, GENEROUS_MS, &status);
		assert_true(result == CLIENT_OTHER_USER || result == CLIENT_NO_PROCESS);
		return;
	}
	assert_int_equal(seteuid(65534), 0);
	pid_t asked = getppid();
	enum client_result result = client_status(NULL, asked, GENEROUS_MS, &status);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(result, CLIENT_OTHER_USER);
}

static void every_result_has_words(void **state)
{
	(void)state;
	for (int result = CLIENT_SYSTEM; result <= CLIENT_OK; result++)
		assert_string_not_equal(client_words(result), "unknown result");
}

/* --- set-up ---------------------------------------------------------------------------------------- */

static char root[] = "/tmp/leakwatch-client.XXXXXX";

/* Its path is longer than a socket address. */
static int make_directory(void **state)
{
	(void)state;
	char path[PATH_MAX];
	unsetenv("LEAKWATCH_DIR");
	if (!mkdtemp(root))
		return -1;
	snprintf(path, sizeof path, "%s/%0200d", root, 0);
	return mkdir(path, 0700) < 0 ? -1 : directory_open(path, &where);
}

static int remove_directory(void **state)
{
	(void)state;
	directory_close(&where);
	return rmdir(where.path) < 0 ? -1 : rmdir(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_is_read),
		cmocka_unit_test(absent_age_is_not_zero),
		cmocka_unit_test(dump_is_read),
		cmocka_unit_test(unstored_dump_has_no_path),
		cmocka_unit_test(large_dump_is_read_whole),
		cmocka_unit_test(old_shim_knows_no_proof),
		cmocka_unit_test(refusal_is_read_without_request),
		cmocka_unit_test(wrong_status_is_told),
		cmocka_unit_test(wrong_dump_is_told),
		cmocka_unit_test(endless_line_is_malformed),
		cmocka_unit_test(silence_ends_at_the_deadline),
		cmocka_unit_test(half_a_dump_ends_at_the_deadline),
		cmocka_unit_test(full_queue_ends_at_the_deadline),
		cmocka_unit_test(nobody_there_is_told),
		cmocka_unit_test(another_process_is_not_believed),
		cmocka_unit_test(own_directory_is_found),
		cmocka_unit_test(other_user_is_told),
		cmocka_unit_test(every_result_has_words),
	};
	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
