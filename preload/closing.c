/*
 * closing.c - two cases, each looked for by what the kernel itself knows before anything asks a file system.
 *
 * A message queue by which the process is to be notified (mq_notify): mqueue_flush_file() in ipc/mqueue.c forgets it.
 *
 * Locks of fcntl() on shares of CIFS and 9p. These know the locks of a process, not of a table: cifs_unlock_range() in
 * fs/smb/client/file.c, v9fs_file_do_lock() in fs/9p/vfs_file.c. Whoever closes a file with locks of anybody's has
 * locks_remove_posix() unlock it all, for a table that never held one.
 */
#include "preload/closing.h"
#include "preload/sys.h"

#include <string.h>
#include <sys/vfs.h>

/* linux/magic.h lacks some of them, by the names that they have in the kernel. */
enum {
	MQUEUE_MAGIC = 0x19800202,
	SMB1_MAGIC = 0xff534d42,
	SMB2_MAGIC = 0xfe534d42,
	V9FS_MAGIC = 0x01021997,
};

#define PATH_BYTES 48

/* folder, and the number behind it. */
static void path_make(char path[PATH_BYTES], const char *folder, int fd)
{
	char digits[12];
	size_t count = 0, length = strlen(folder);
	memcpy(path, folder, length);
	do
		digits[count++] = (char)('0' + fd % 10);
	while ((fd /= 10) > 0);
	while (count)
		path[length++] = digits[--count];
	path[length] = '\0';
}

static unsigned file_system(int fd)
{
	struct statfs status;
	return sys_call2(SYS_fstatfs, fd, (long)&status) < 0 ? 0 : (unsigned)status.f_type;
}

/* The name of a queue is one below the root, as the kernel has it. */
static bool may_be_queue(int fd)
{
	char path[PATH_BYTES], link[256];
	path_make(path, "/proc/thread-self/fd/", fd);
	long bytes = sys_call4(
		SYS_readlinkat, AT_FDCWD, (long)path, (long)link, (long)(sizeof link - 1));
	link[bytes > 0 ? bytes : 0] = '\0';
	return link[0] == '/' && !strchr(link + 1, '/');
}

/* The queue's text says whom it notifies: "... NOTIFY_PID:4711". */
static bool queue_is_awaited(int fd)
{
	static const char key[] = "NOTIFY_PID:";
	char text[256];
	long bytes = sys_call4(SYS_pread64, fd, (long)text, sizeof text - 1, 0);
	if (bytes <= 0)
		return true; /* not to be read: it may be */
	text[bytes] = '\0';
	const char *at = strstr(text, key);
	int pid = 0;
	for (at = at ? at + strlen(key) : ""; *at >= '0' && *at <= '9'; at++)
		pid = pid * 10 + (*at - '0');
	return pid == sys_getpid();
}

/* Whether the process's own table has locks by it. */
static bool is_locked(int fd)
{
	char path[PATH_BYTES], text[1024];
	path_make(path, "/proc/self/fdinfo/", fd);
	int file = sys_open(AT_FDCWD, path, O_RDONLY, 0);
	long bytes = file < 0 ? file : sys_read(file, text, sizeof text - 1);
	if (file >= 0)
		sys_close(file);
	text[bytes > 0 ? bytes : 0] = '\0';
	return strstr(text, "\nlock:") && strstr(text, " POSIX ");
}

bool closing_matters(int fd)
{
	if (may_be_queue(fd) && file_system(fd) == MQUEUE_MAGIC)
		return queue_is_awaited(fd);
	if (!is_locked(fd))
		return false;
	unsigned magic = file_system(fd);
	return magic == SMB1_MAGIC || magic == SMB2_MAGIC || magic == V9FS_MAGIC;
}
