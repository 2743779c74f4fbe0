/*
 * descriptors.c - leaves the host's table of descriptors.
 *
 * close_range() with CLOSE_RANGE_UNSHARE makes a table that lacks what it would close, without so much as copying it.
 * But the kernel always copies the first 64 (fs/file.c, sane_fdtable_size()), and those have to be closed. Where it is
 * missing (Linux before 5.9) or forbidden, the whole table is copied.
 *
 * Closing a copy is not nothing. The file system is told (f_op->flush), and one that does not answer, on a network or
 * in user space, holds whoever closes: so a deputy does it, and another one goes on if that does not come back. And a few
 * copies have to stay (closing.c).
 */
#include "preload/descriptors.h"
#include "preload/closing.h"
#include "preload/deputy.h"
#include "preload/sys.h"

#include <linux/close_range.h>
#include <linux/sched.h>
#include <stdatomic.h>
#include <string.h>

#define ALWAYS_COPIED 64
#define DEPUTIES_MOST 8 /* as many files that do not answer */
#define CLOSE_MS      200

static _Atomic int next_copy;
static int copies_end;

static int number_read(const char *text)
{
	int number = 0;
	while (*text == ' ' || *text == '\t')
		text++;
	for (; *text >= '0' && *text <= '9'; text++)
		number = number * 10 + (*text - '0');
	return number;
}

static long file_read(const char *path, char *text, size_t room)
{
	int fd = sys_open(AT_FDCWD, path, O_RDONLY, 0);
	long bytes = fd < 0 ? fd : sys_read(fd, text, room - 1);
	if (fd >= 0)
		sys_close(fd);
	text[bytes > 0 ? bytes : 0] = '\0';
	return bytes;
}

/* The copied table's size; 0 if it is not known. */
static int table_size(void)
{
	char text[4096];
	file_read("/proc/thread-self/status", text, sizeof text);
	const char *line = strstr(text, "\nFDSize:");
	return line ? number_read(line + strlen("\nFDSize:")) : 0;
}

static bool table_copy(void)
{
	if (sys_call3(SYS_close_range, ALWAYS_COPIED, ~0L, CLOSE_RANGE_UNSHARE) >= 0) {
		copies_end = ALWAYS_COPIED;
		return true;
	}
	if (sys_call1(SYS_unshare, CLONE_FILES) < 0)
		return false;
	copies_end = table_size();
	return copies_end > 0;
}

/* In a deputy. */
static void copies_close(void *unused)
{
	(void)unused;
	for (int fd; (fd = atomic_fetch_add(&next_copy, 1)) < copies_end;)
		if (!closing_matters(fd))
			sys_close(fd);
}

/* False if there are copies left. */
static bool copies_leave(void)
{
	static struct deputy deputies[DEPUTIES_MOST];
	next_copy = 0;
	for (int i = 0; i < DEPUTIES_MOST && next_copy < copies_end; i++) {
		if (!deputy_start(&deputies[i], copies_close, NULL))
			copies_close(NULL);
		else if (deputy_await(&deputies[i], CLOSE_MS))
			return true;
	}
	return next_copy >= copies_end;
}

bool descriptors_own(void)
{
	if (!table_copy() || !copies_leave())
		return false;
	for (int fd = 0; fd < 3; fd++)
		sys_open(AT_FDCWD, "/dev/null", O_RDWR, 0);
	return true;
}
