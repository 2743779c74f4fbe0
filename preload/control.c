/*
 * control.c - one request a connection, one client at a time, every wait bounded.
 */
#include "preload/control.h"
#include "preload/config.h"
#include "preload/slot.h"
#include "preload/store.h"
#include "preload/sys.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BACKLOG	      8
#define CLIENT_WAIT_S 2
#define HOST_WAIT_S   10 /* for a thread of the host that asks */
#define REQUEST_BYTES 64
#define ANSWER_BYTES  1024

/* From the host itself: not in the format, and taken from this process alone. */
#define CONTROL_EXIT	   "exit"
#define CONTROL_CHECK	   "check" /* SCOPE TID: the scope's index plus one, or 0; the asking thread */
#define CONTROL_CHECK_DUMP "check-dump"

#define EXIT_WAIT_MS	   500u /* for a watcher that has only just been started */

enum { NOT_YET, READY, NEVER };

/* The address is written by the watcher before state is READY, and read by the thread that exits. */
static struct {
	struct sockaddr_un address;
	_Atomic int state;
} control;

/* By the directory's path, or where that is longer than an address can be, through the watcher's open
 * descriptor of it, which the exiting thread of the host can name too. */
static void address_make(int directory, int pid)
{
	char name[768], *at = text_copy(name, store_path());
	if (strlen(name) + sizeof "/4194304.sock" > sizeof control.address.sun_path) {
		at = text_copy(name, "/proc/self/task/");
		at = text_copy_u64(at, (uint64_t)sys_gettid());
		at = text_copy(at, "/fd/");
		at = text_copy_u64(at, (uint64_t)directory);
	}
	at = text_copy_u64(text_copy(at, "/"), (uint64_t)pid);
	text_copy(at, ".sock");
	control.address.sun_family = AF_UNIX;
	strcpy(control.address.sun_path, name);
}

static int socket_open(int pid)
{
	int directory = store_directory();
	if (directory < 0)
		return directory;
	address_make(directory, pid);
	int fd = (int)sys_call3(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fd;
	/* One of the same name is of an earlier image of this process, or of a dead one. */
	sys_call3(SYS_unlinkat, AT_FDCWD, (long)control.address.sun_path, 0);
	long error = sys_call3(SYS_bind, fd, (long)&control.address, sizeof control.address);
	if (!error)
		error = sys_call2(SYS_listen, fd, BACKLOG);
	if (error) {
		sys_close(fd);
		return (int)error;
	}
	sys_call4(SYS_fchmodat, AT_FDCWD, (long)control.address.sun_path, 0600, 0);
	return fd;
}

int control_open(int pid)
{
	int fd = socket_open(pid);
	atomic_store_explicit(&control.state, fd < 0 ? NEVER : READY, memory_order_release);
	return fd;
}

/* Asked of the open directory, which a chroot does not hide. */
bool control_gone(void)
{
	struct stat status;
	int directory = store_directory();
	if (atomic_load_explicit(&control.state, memory_order_relaxed) != READY || directory < 0)
		return false;
	const char *name = strrchr(control.address.sun_path, '/') + 1;
	return sys_call4(SYS_newfstatat, directory, (long)name, (long)&status,
		       AT_SYMLINK_NOFOLLOW) == -ENOENT;
}

static void wait_limit(int fd, int seconds)
{
	struct timeval limit = {seconds, 0};
	sys_call6(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, (long)&limit, sizeof limit, 0);
	sys_call6(SYS_setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, (long)&limit, sizeof limit, 0);
}

static bool bytes_send(int fd, const char *bytes, size_t count)
{
	while (count) {
		long sent = sys_call6(SYS_sendto, fd, (long)bytes, (long)count, MSG_NOSIGNAL, 0, 0);
		if (sent <= 0)
			return false;
		bytes += sent;
		count -= (size_t)sent;
	}
	return true;
}

/* Reads up to a newline; the line without it. */
static bool line_receive(int fd, char line[REQUEST_BYTES])
{
	size_t count = 0;
	while (count < REQUEST_BYTES) {
		long bytes = sys_read(fd, line + count, REQUEST_BYTES - count);
		if (bytes <= 0)
			return false;
		char *end = memchr(line + count, '\n', (size_t)bytes);
		count += (size_t)bytes;
		if (end) {
			*end = '\0';
			return true;
		}
	}
	return false;
}

static void answer_dump(
	int fd, const char *reason, bool prove, const struct control_service *service)
{
	char path[STORE_PATH_BYTES] = "";
	struct text answer = {0};
	const struct text *dump = service->dump(reason, prove, path);
	if (!dump) {
		static const char failed[] = "error the dump could not be taken: no memory\n";
		bytes_send(fd, failed, strlen(failed));
		return;
	}
	text_put(&answer, "ok bytes=");
	text_put_u64(&answer, dump->count);
	text_put(&answer, " path=");
	if (*path)
		text_put_percent(&answer, path);
	else
		text_put(&answer, DUMP_ABSENT);
	text_newline(&answer);
	if (!answer.failed && bytes_send(fd, answer.bytes, answer.count))
		bytes_send(fd, dump->bytes, dump->count);
	text_free(&answer);
}

static void answer_status(int fd, const struct control_service *service)
{
	struct text answer = {0};
	text_put(&answer, "ok");
	service->status(&answer);
	text_newline(&answer);
	if (!answer.failed)
		bytes_send(fd, answer.bytes, answer.count);
	text_free(&answer);
}

/* Decimal digits, past which *text is moved. Of our own making, so not checked. */
static uint64_t number_take(const char **text)
{
	uint64_t number = 0;
	for (; **text >= '0' && **text <= '9'; ++*text)
		number = number * 10 + (uint64_t)(**text - '0');
	return number;
}

static void answer_check(int fd, const char *numbers, const struct control_service *service)
{
	struct text answer = {0};
	uint32_t scope = (uint32_t)number_take(&numbers);
	numbers += *numbers == ' ';
	text_put(&answer, "ok left=");
	text_put_u64(&answer, service->left(scope, (int)number_take(&numbers)));
	text_newline(&answer);
	if (!answer.failed)
		bytes_send(fd, answer.bytes, answer.count);
	text_free(&answer);
}

static bool is_check(const char *line)
{
	return strncmp(line, CONTROL_CHECK " ", strlen(CONTROL_CHECK " ")) == 0;
}

static void client_answer(int fd, bool self, const struct control_service *service)
{
	static const char unknown[] = "error unknown request\n";
	char line[REQUEST_BYTES];
	if (!line_receive(fd, line))
		return;
	if (strcmp(line, CONTROL_DUMP) == 0)
		answer_dump(fd, "request", false, service);
	else if (strcmp(line, CONTROL_PROVE) == 0)
		answer_dump(fd, "request", true, service);
	else if (strcmp(line, CONTROL_STATUS) == 0)
		answer_status(fd, service);
	else if (self && strcmp(line, CONTROL_EXIT) == 0)
		answer_dump(fd, "exit", config.prove_exit, service);
	else if (self && strcmp(line, CONTROL_CHECK_DUMP) == 0)
		answer_dump(fd, "check", false, service);
	else if (self && is_check(line))
		answer_check(fd, line + strlen(CONTROL_CHECK " "), service);
	else
		bytes_send(fd, unknown, strlen(unknown));
}

void control_serve(int listener, const struct control_service *service)
{
	struct ucred peer = {0, (uid_t)-1, (gid_t)-1};
	socklen_t bytes = sizeof peer;
	int fd = (int)sys_call4(SYS_accept4, listener, 0, 0, SOCK_CLOEXEC);
	if (fd < 0)
		return;
	wait_limit(fd, CLIENT_WAIT_S);
	long error = sys_call6(
		SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, (long)&peer, (long)&bytes, 0);
	if (!error && (peer.uid == 0 || peer.uid == (uid_t)sys_call0(SYS_geteuid)))
		client_answer(fd, peer.pid == sys_getpid(), service);
	sys_close(fd);
}

static bool control_awaited(void)
{
	struct timespec millisecond = {0, 1000000};
	for (unsigned waited = 0; waited < EXIT_WAIT_MS && control.state == NOT_YET; waited++)
		sys_call2(SYS_nanosleep, (long)&millisecond, 0);
	return atomic_load_explicit(&control.state, memory_order_acquire) == READY;
}

/* A proof needs to know what the registers of this thread hold, as of any that waits. */
static long answer_await(int fd, char answer[static ANSWER_BYTES])
{
	long bytes;
	struct stay stay = wait_enter(WAIT_READ, (uint64_t)fd, TIMED);
	struct slot *slot = slot_self;
	if (slot_usable(slot))
		slot->asks = true;
	do
		bytes = sys_read(fd, answer, ANSWER_BYTES - 1);
	while (bytes == -EINTR);
	if (slot_usable(slot))
		slot->asks = false;
	wait_leave(stay);
	return bytes;
}

/* The beginning of the answer, as a text. */
static bool control_ask(const char *request, int wait_s, char answer[static ANSWER_BYTES])
{
	if (!control_awaited())
		return false;
	int fd = (int)sys_call3(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	wait_limit(fd, wait_s);
	long result, bytes = -1;
	/* Signals of the host's may come at any time. */
	do
		result = sys_call3(SYS_connect, fd, (long)&control.address, sizeof control.address);
	while (result == -EINTR);
	if (!result && bytes_send(fd, request, strlen(request)))
		bytes = answer_await(fd, answer);
	sys_close(fd);
	answer[bytes > 0 ? bytes : 0] = '\0';
	return bytes > 0;
}

/* The answer comes when the dump is stored. */
static bool control_ask_dump(const char *request, int wait_s)
{
	static const char stored[] = " path=/";
	char answer[ANSWER_BYTES];
	return control_ask(request, wait_s, answer) && strstr(answer, stored);
}

bool control_request_exit_dump(int wait_s)
{
	return control_ask_dump(CONTROL_EXIT "\n", wait_s);
}

bool control_request_dump(void)
{
	return control_ask_dump(CONTROL_DUMP "\n", HOST_WAIT_S);
}

bool control_request_check_dump(void)
{
	return control_ask_dump(CONTROL_CHECK_DUMP "\n", HOST_WAIT_S);
}

int control_request_check(const struct scope *scope)
{
	char request[REQUEST_BYTES], answer[ANSWER_BYTES];
	char *at = text_copy(request, CONTROL_CHECK " ");
	at = text_copy_u64(at, scope ? scope->index + 1 : 0);
	at = text_copy_u64(text_copy(at, " "), (uint64_t)sys_gettid());
	text_copy(at, "\n");
	if (!control_ask(request, HOST_WAIT_S, answer) || strncmp(answer, "ok left=", 8) != 0)
		return -1;
	const char *digits = answer + 8;
	uint64_t left = number_take(&digits);
	return left < INT_MAX ? (int)left : INT_MAX;
}

void control_close(void)
{
	if (atomic_exchange(&control.state, NEVER) == READY)
		sys_call3(SYS_unlinkat, AT_FDCWD, (long)control.address.sun_path, 0);
}

void control_forget(void)
{
	atomic_store(&control.state, NOT_YET);
}
