/*
 * peek.c - process_vm_readv(), or pread() of /proc/self/mem.
 *
 * Whether a filter is at work is asked of the kernel each time: a host may install one for all its threads
 * at any moment. It is never asked by trying the call.
 */
#include "preload/peek.h"
#include "preload/sys.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/uio.h>

static int memory_fd = -1, status_fd = -1;
static int filters_at_start;
static enum { BY_CALL, BY_FILE, BY_NOTHING } way;

void peek_open(void)
{
	memory_fd = sys_open(AT_FDCWD, "/proc/self/mem", O_RDONLY, 0);
	status_fd = sys_open(AT_FDCWD, "/proc/thread-self/status", O_RDONLY, 0);
	peek_choose();
}

/* The digits behind a key of the status, -1 if there is none. */
static int status_number(const char *text, const char *key)
{
	const char *line = strstr(text, key);
	int number = 0;
	if (!line)
		return -1;
	for (line += strlen(key); *line >= '0' && *line <= '9'; line++)
		number = number * 10 + (*line - '0');
	return number;
}

/* How many filters are at work; -1 if it cannot be told. A kernel without filters has no such lines, one before Linux
 * 5.9 does not count them. */
static int filters_at_work(int fd)
{
	char text[4096];
	long bytes = sys_call4(SYS_pread64, fd, (long)text, sizeof text - 1, 0);
	if (bytes <= 0)
		return -1;
	text[bytes] = '\0';
	int count = status_number(text, "\nSeccomp_filters:\t");
	int mode = status_number(text, "\nSeccomp:\t");
	return mode <= 0 ? 0 : count;
}

void peek_init(void)
{
	int fd = sys_open(AT_FDCWD, "/proc/self/status", O_RDONLY, 0);
	filters_at_start = fd < 0 ? -1 : filters_at_work(fd);
	if (fd >= 0)
		sys_close(fd);
}

bool peek_filtered_since(void)
{
	int now = status_fd < 0 ? -1 : filters_at_work(status_fd);
	return now < 0 || (now && now != filters_at_start);
}

/* Where it cannot be told, the other way harms nobody. */
static bool filter_at_work(void)
{
	int count = filters_at_work(status_fd);
	return count < 0 ? memory_fd >= 0 : count > 0;
}

void peek_choose(void)
{
	if (status_fd < 0 || !filter_at_work())
		way = BY_CALL;
	else
		way = memory_fd >= 0 ? BY_FILE : BY_NOTHING;
}

bool peek_filtered(void)
{
	return way != BY_CALL;
}

long peek(void *to, uintptr_t from, size_t bytes)
{
	if (way == BY_NOTHING)
		return -EPERM;
	if (way == BY_FILE)
		return sys_call4(SYS_pread64, memory_fd, (long)to, (long)bytes, (long)from);
	return sys_peek(to, from, bytes);
}

static_assert(offsetof(struct peeked, bytes) == offsetof(struct iovec, iov_len), "as an iovec");

/* The kernel stops at the first that it cannot read. */
unsigned peek_several(void *to, const struct peeked *stretches, unsigned count)
{
	size_t room = 0;
	unsigned whole = 0;
	if (way != BY_CALL)
		return 0;
	for (unsigned i = 0; i < count; i++)
		room += stretches[i].bytes;
	const struct peeked here = {(uintptr_t)to, room};
	long copied = sys_call6(
		SYS_process_vm_readv, sys_gettid(), (long)&here, 1, (long)stretches, count, 0);
	for (; whole < count && copied >= (long)stretches[whole].bytes; whole++)
		copied -= (long)stretches[whole].bytes;
	return whole;
}

void peek_forget(void)
{
	memory_fd = status_fd = -1;
	way = BY_CALL;
}
