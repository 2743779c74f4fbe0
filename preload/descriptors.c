/*
 * descriptors.c - leaves the host's table of descriptors.
 *
 * close_range() does it at one go, without so much as copying the table. Where it is missing (Linux before
 * 5.9) or forbidden, the table is copied and what is in the copy closed one by one; /proc lists it.
 */
#include "preload/descriptors.h"
#include "preload/sys.h"

#include <linux/close_range.h>
#include <linux/sched.h>

struct entry { /* struct linux_dirent64, see getdents64(2) */
	uint64_t inode;
	int64_t offset;
	unsigned short bytes;
	unsigned char type;
	char name[];
};

static int number_read(const char *text)
{
	int number = 0;
	if (*text < '0' || *text > '9')
		return -1;
	for (; *text >= '0' && *text <= '9'; text++)
		number = number * 10 + (*text - '0');
	return number;
}

/* Closes those that one reading of the list has, but for the list's own; how many. */
static int listed_close(int list)
{
	_Alignas(struct entry) char entries[4096];
	int closed = 0;
	sys_call3(SYS_lseek, list, 0, SEEK_SET);
	long bytes = sys_call3(SYS_getdents64, list, (long)entries, sizeof entries);
	for (long at = 0; at < bytes;) {
		const struct entry *entry = (const struct entry *)(entries + at);
		int fd = number_read(entry->name);
		if (fd >= 0 && fd != list) {
			sys_close(fd);
			closed++;
		}
		at += entry->bytes;
	}
	return closed;
}

static bool table_copy_and_close(void)
{
	if (sys_call1(SYS_unshare, CLONE_FILES) < 0)
		return false;
	int list = sys_open(AT_FDCWD, "/proc/thread-self/fd", O_RDONLY | O_DIRECTORY, 0);
	if (list < 0)
		return false;
	while (listed_close(list))
		;
	sys_close(list);
	return true;
}

bool descriptors_own(void)
{
	if (sys_call3(SYS_close_range, 0, ~0L, CLOSE_RANGE_UNSHARE) < 0 && !table_copy_and_close())
		return false;
	for (int fd = 0; fd < 3; fd++)
		sys_open(AT_FDCWD, "/dev/null", O_RDWR, 0);
	return true;
}
