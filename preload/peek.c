/*
 * peek.c - process_vm_readv(), or pread() of /proc/self/mem.
 *
 * Whether a filter is at work is asked of the kernel each time: a host may install one for all its threads
 * at any moment. It is never asked by trying the call.
 */
#include "preload/peek.h"
#include "preload/sys.h"

#include <errno.h>
#include <string.h>

static int memory_fd = -1, status_fd = -1;
static enum { BY_CALL, BY_FILE, BY_NOTHING } way;

void peek_open(void)
{
	memory_fd = sys_open(AT_FDCWD, "/proc/self/mem", O_RDONLY, 0);
	status_fd = sys_open(AT_FDCWD, "/proc/thread-self/status", O_RDONLY, 0);
	peek_choose();
}

/* "Seccomp:" and a tab, then 0 where there is no filter; a kernel without filters has no such line. */
static bool filter_at_work(void)
{
	static const char key[] = "\nSeccomp:\t";
	char text[4096];
	long bytes = sys_call4(SYS_pread64, status_fd, (long)text, sizeof text - 1, 0);
	if (bytes <= 0)
		return memory_fd >= 0; /* it cannot be told: the other way harms nobody */
	text[bytes] = '\0';
	const char *line = strstr(text, key);
	return line && line[strlen(key)] != '0';
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

void peek_forget(void)
{
	memory_fd = status_fd = -1;
	way = BY_CALL;
}
