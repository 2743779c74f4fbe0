/*
 * held.c - asks /proc what epolls, timers and eventfds hold, and whether pipes and sockets hold anything.
 *
 * Bytes in a pipe or a local socket cannot be read without taking them, so they are only counted: through a copy of
 * the descriptor that lives for two system calls. Sockets that lead to other machines are passed over: what comes from
 * there is no pointer, unless it was sent there (docs/proof.md, "What breaks it").
 */
#include "preload/held.h"
#include "preload/array.h"
#include "preload/contract/dump.h"
#include "preload/peek.h"
#include "preload/proc.h"
#include "preload/sys.h"
#include "preload/text.h"
#include "preload/timers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define REASON_BIT(reason) (1u << REASON_##reason)
#define DESCRIPTORS_MAX	   65536u
#define MQUEUE_MAGIC	   0x19800202 /* include/uapi/linux/magic.h has it under no name */
#define WINDOW_BYTES	   4096
#define THREADS_ASKED	   16384u /* for pending signals: 20 us each, if the user has any anywhere */

static struct array values_array;

/* What one reading is about. */
static struct {
	struct helds helds;
	int tid, process_fd;
	bool signals_queued;
} reading;

static void value_add(enum held_kind kind, uint32_t number, uint64_t value)
{
	size_t count = reading.helds.count;
	if (!array_room(&values_array, count + 1, sizeof(struct held))) {
		reading.helds.reasons |= REASON_BIT(KERNEL);
		return;
	}
	((struct held *)values_array.memory)[count] = (struct held){kind, number, value};
	reading.helds.count++;
}

/* --- files of lines ------------------------------------------------------------------------------------- */

static uint64_t hex_read(const char *text)
{
	uint64_t value = 0;
	for (; *text == ' ' || *text == '\t'; text++)
		;
	for (;; text++) {
		if (*text >= '0' && *text <= '9')
			value = value << 4 | (uint64_t)(*text - '0');
		else if (*text >= 'a' && *text <= 'f')
			value = value << 4 | (uint64_t)(*text - 'a' + 10);
		else
			return value;
	}
}

/* Calls note with each whole line, terminated. False if the file cannot be read. */
static bool lines_each(int fd, void (*note)(char *line, uint32_t number), uint32_t number)
{
	static char window[WINDOW_BYTES + 1];
	size_t kept = 0;
	long bytes = fd;
	if (fd < 0)
		return false;
	while ((bytes = sys_read(fd, window + kept, WINDOW_BYTES - kept)) > 0) {
		char *at = window, *end;
		kept += (size_t)bytes;
		window[kept] = '\0';
		for (; (end = strchr(at, '\n')); at = end + 1) {
			*end = '\0';
			note(at, number);
		}
		kept -= (size_t)(at - window);
		memmove(window, at, kept);
		if (kept == WINDOW_BYTES)
			break;
	}
	sys_close(fd);
	return bytes == 0;
}

/* "tfd: 5 events: 19 data: 7f31a4c02b10 pos:0 ino:.." */
static void epoll_line(char *line, uint32_t fd)
{
	const char *data = strstr(line, "data:");
	if (data)
		value_add(HELD_EPOLL, fd, hex_read(data + strlen("data:")));
}

static void eventfd_line(char *line, uint32_t fd)
{
	static const char key[] = "eventfd-count:";
	if (strncmp(line, key, strlen(key)) == 0)
		value_add(HELD_EVENTFD, fd, hex_read(line + strlen(key)));
}

/* "signal: 14/000055d0c0ffee00" */
static void timer_line(char *line, uint32_t unused)
{
	(void)unused;
	const char *value = strncmp(line, "signal:", 7) == 0 ? strchr(line, '/') : NULL;
	if (value)
		value_add(HELD_TIMER, 0, hex_read(value + 1));
}

/* Of a thread's status. Signals that wait with a value are counted for the whole user. */
static void signal_line(char *line, uint32_t unused)
{
	(void)unused;
	bool pending = strncmp(line, "SigPnd:", 7) == 0 || strncmp(line, "ShdPnd:", 7) == 0;
	if (pending && hex_read(line + 7))
		reading.helds.reasons |= REASON_BIT(SIGNALS);
	if (strncmp(line, "SigQ:\t", 6) == 0)
		reading.signals_queued = line[6] != '0';
}

static void signals_read_of(int tid)
{
	if (!lines_each(proc_open_file(tid, "status", O_RDONLY), signal_line, 0))
		reading.helds.reasons |= REASON_BIT(KERNEL);
}

/* Of those that are candidates, or not; what is left of most. */
static unsigned signals_read_all(const struct stills *stills, bool candidates, unsigned most)
{
	for (size_t i = 0; i < stills->count && most; i++) {
		const struct still *still = &stills->list[i];
		if (still->ours || still->candidate != candidates)
			continue;
		signals_read_of(still->tid);
		most--;
	}
	return most;
}

/* Those sent to a thread are in its own file alone. Candidates come last, and may be too many: one takes a signal only
 * once it has woken. */
static void signals_read(const struct stills *stills)
{
	signals_read_of(reading.tid);
	if (!reading.signals_queued)
		return;
	unsigned left = signals_read_all(stills, false, THREADS_ASKED);
	if (!left)
		reading.helds.reasons |= REASON_BIT(SIGNALS);
	signals_read_all(stills, true, left);
}

/* --- descriptors ---------------------------------------------------------------------------------------- */

static void info_read(const char *link, int fd)
{
	bool epoll = strcmp(link, "anon_inode:[eventpoll]") == 0;
	char name[32] = "fdinfo/";
	text_copy_u64(name + strlen(name), (uint64_t)fd);
	int file = proc_open_file(reading.tid, name, O_RDONLY);
	if (!lines_each(file, epoll ? epoll_line : eventfd_line, (uint32_t)fd))
		reading.helds.reasons |= REASON_BIT(KERNEL);
}

/* Whether what is sent by it stays on this machine. */
static bool is_local(int fd)
{
	struct sockaddr_in6 name = {.sin6_family = AF_UNIX};
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&name;
	int bytes = sizeof name;
	if (sys_call3(SYS_getsockname, fd, (long)&name, (long)&bytes) < 0)
		return true;
	if (name.sin6_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	if (name.sin6_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&name.sin6_addr) ||
		       (IN6_IS_ADDR_V4MAPPED(&name.sin6_addr) && name.sin6_addr.s6_addr[12] == 127);
	return true;
}

/* A pipe or socket: whether a pointer, or a part of one, may lie in it. */
static void queue_read(int fd, bool socket)
{
	int unread = 0;
	long copy = reading.process_fd < 0 ? reading.process_fd
					   : sys_call3(SYS_pidfd_getfd, reading.process_fd, fd, 0);
	if (copy < 0) {
		reading.helds.reasons |= REASON_BIT(KERNEL);
		return;
	}
	bool may = !socket || is_local((int)copy);
	/* A listening socket does not know the request. */
	if (may && sys_call3(SYS_ioctl, copy, FIONREAD, (long)&unread) == 0 && unread)
		reading.helds.reasons |= REASON_BIT(QUEUED);
	sys_close((int)copy);
}

/* A name in the file system: a FIFO and a message queue hold what was written, others nothing of ours. */
static void named_read(const struct proc_descriptor *descriptor)
{
	struct stat status;
	struct statfs system;
	int file = sys_open(descriptor->folder, descriptor->name, O_PATH, 0);
	if (file < 0)
		return;
	if (sys_call4(SYS_newfstatat, file, (long)"", (long)&status, AT_EMPTY_PATH) == 0 &&
		S_ISFIFO(status.st_mode))
		queue_read(descriptor->fd, false);
	else if (sys_call2(SYS_fstatfs, file, (long)&system) == 0 && system.f_type == MQUEUE_MAGIC)
		reading.helds.reasons |= REASON_BIT(QUEUED);
	sys_close(file);
}

static void descriptor_read(const struct proc_descriptor *descriptor, void *unused)
{
	(void)unused;
	const char *link = descriptor->link;
	if (strncmp(link, "pipe:", 5) == 0 || strncmp(link, "socket:", 7) == 0)
		queue_read(descriptor->fd, link[0] == 's');
	else if (link[0] == '/')
		named_read(descriptor);
	else if (strcmp(link, "anon_inode:[eventpoll]") == 0 ||
		 strcmp(link, "anon_inode:[eventfd]") == 0)
		info_read(link, descriptor->fd);
	else if (strcmp(link, "anon_inode:[io_uring]") == 0)
		reading.helds.reasons |= REASON_BIT(URING);
}

/* --- System V queues -------------------------------------------------------------------------------------- */

/* Of a line of /proc/sysvipc/msg the number in a column, from 0. */
static uint64_t column_read(const char *line, unsigned column)
{
	uint64_t value = 0;
	for (;; column--) {
		for (; *line == ' '; line++)
			;
		if (!column)
			break;
		for (; *line && *line != ' '; line++)
			;
	}
	for (; *line >= '0' && *line <= '9'; line++)
		value = value * 10 + (uint64_t)(*line - '0');
	return value;
}

/* key msqid perms cbytes qnum lspid ...: bytes are in it, and the last sender is this process. */
static void message_line(char *line, uint32_t pid)
{
	if (column_read(line, 3) && column_read(line, 5) == pid)
		reading.helds.reasons |= REASON_BIT(QUEUED);
}

static void messages_read(void)
{
	int file = sys_open(AT_FDCWD, "/proc/sysvipc/msg", O_RDONLY, 0);
	if (file != -ENOENT && !lines_each(file, message_line, (uint32_t)sys_getpid()))
		reading.helds.reasons |= REASON_BIT(KERNEL);
}

/* --- all of it ------------------------------------------------------------------------------------------ */

static void timer_any(void *context, const struct timer *timer)
{
	*(bool *)context = *(bool *)context || timer->kind == TIMER_POSIX;
}

static void timers_read(void)
{
	int file = sys_open(AT_FDCWD, "/proc/self/timers", O_RDONLY, 0);
	bool any = timers_lost() != 0;
	if (lines_each(file, timer_line, 0))
		return;
	timers_look(reading.tid, timer_any, &any);
	if (any)
		reading.helds.reasons |= REASON_BIT(KERNEL);
}

static int host_tid(const struct stills *stills)
{
	for (size_t i = 0; i < stills->count; i++)
		if (!stills->list[i].ours)
			return stills->list[i].tid;
	return sys_gettid();
}

struct helds helds_read(const struct stills *stills)
{
	reading.helds = (struct helds){0};
	reading.tid = host_tid(stills);
	/* Hosts rarely make these calls, and a filter of calls may not know them. */
	reading.process_fd =
		peek_filtered() ? -EPERM : (int)sys_call2(SYS_pidfd_open, sys_getpid(), 0);
	if (!proc_descriptors(reading.tid, DESCRIPTORS_MAX, descriptor_read, NULL))
		reading.helds.reasons |= REASON_BIT(KERNEL);
	if (reading.process_fd >= 0)
		sys_close(reading.process_fd);
	timers_read();
	messages_read();
	signals_read(stills);
	reading.helds.list = values_array.memory;
	return reading.helds;
}

void helds_forget(void)
{
	values_array = (struct array){0};
}
