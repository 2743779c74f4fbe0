/*
 * proc.c - lists and reads /proc/self/task.
 */
#include "preload/proc.h"
#include "preload/sys.h"
#include "preload/syscalls.h"
#include "preload/text.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#define NANOSECONDS 1000000000u

static int task_fd = -1;

bool proc_open(void)
{
	task_fd = sys_open(AT_FDCWD, "/proc/self/task", O_RDONLY | O_DIRECTORY, 0);
	return task_fd >= 0;
}

/* --- the list of threads --------------------------------------------------------------------------- */

struct directory_entry { /* struct linux_dirent64, see getdents64(2) */
	uint64_t inode;
	int64_t offset;
	unsigned short bytes;
	unsigned char type;
	char name[];
};

static int digits_read(const char *text)
{
	int number = 0;
	for (; *text >= '0' && *text <= '9'; text++)
		number = number * 10 + (*text - '0');
	return number;
}

#define NAME_BYTES 64
#define STAT_FLAGS 9
#define STAT_START 22
#define IO_WORKER  0x10 /* PF_IO_WORKER of the kernel's sched.h */

/* "TID/name", for names of ours. */
static void task_path(char path[NAME_BYTES], int tid, const char *name)
{
	char *at = text_copy_u64(path, (uint64_t)tid);
	at = text_copy(at, "/");
	text_copy(at, name);
}

int proc_open_file(int tid, const char *name, int flags)
{
	char path[NAME_BYTES];
	task_path(path, tid, name);
	return task_fd < 0 ? -ENOENT : sys_open(task_fd, path, flags, 0);
}

long proc_read(int tid, const char *name, char *to, size_t room)
{
	int fd = proc_open_file(tid, name, O_RDONLY);
	if (fd < 0)
		return fd;
	long bytes = sys_read(fd, to, room - 1);
	sys_close(fd);
	to[bytes > 0 ? bytes : 0] = '\0';
	return bytes;
}

long proc_read_process(const char *name, char *to, size_t room)
{
	char path[NAME_BYTES] = "../";
	size_t kept = 0;
	long bytes;
	text_copy(path + strlen(path), name);
	int fd = task_fd < 0 ? -ENOENT : sys_open(task_fd, path, O_RDONLY, 0);
	if (fd < 0)
		return fd;
	while (kept < room - 1 && (bytes = sys_read(fd, to + kept, room - 1 - kept)) > 0)
		kept += (size_t)bytes;
	sys_close(fd);
	to[kept] = '\0';
	return (long)kept;
}

long proc_link(int tid, const char *name, char *to, size_t room)
{
	char path[NAME_BYTES];
	task_path(path, tid, name);
	if (task_fd < 0)
		return -ENOENT;
	long bytes = sys_call4(SYS_readlinkat, task_fd, (long)path, (long)to, (long)room - 1);
	to[bytes > 0 ? bytes : 0] = '\0';
	return bytes;
}

/* The mode of a link itself. */
static int link_mode(int folder, const char *name)
{
	struct stat status;
	long error =
		sys_call4(SYS_newfstatat, folder, (long)name, (long)&status, AT_SYMLINK_NOFOLLOW);
	return error < 0 ? (int)error : (int)status.st_mode;
}

int proc_link_mode(int tid, const char *name)
{
	char path[NAME_BYTES];
	task_path(path, tid, name);
	return task_fd < 0 ? -ENOENT : link_mode(task_fd, path);
}

int proc_descriptor_mode(const struct proc_descriptor *descriptor)
{
	return link_mode(descriptor->folder, descriptor->name);
}

typedef void descriptor_note(const struct proc_descriptor *descriptor, void *context);

unsigned proc_table_size(int tid)
{
	static const char key[] = "\nFDSize:\t";
	char text[4096];
	const char *line =
		proc_read(tid, "status", text, sizeof text) > 0 ? strstr(text, key) : NULL;
	return line ? (unsigned)digits_read(line + strlen(key)) : 0;
}

static void descriptor_visit(int folder, unsigned fd, descriptor_note *note, void *context)
{
	char link[256], name[16];
	text_copy_u64(name, fd);
	long bytes = sys_call4(SYS_readlinkat, folder, (long)name, (long)link, sizeof link - 1);
	if (bytes <= 0)
		return;
	link[bytes] = '\0';
	note(&(struct proc_descriptor){(int)fd, link, folder, name}, context);
}

void proc_descriptor_note(int tid, int fd, descriptor_note *note, void *context)
{
	int folder = proc_open_file(tid, "fd", O_RDONLY | O_DIRECTORY);
	if (folder < 0)
		return;
	descriptor_visit(folder, (unsigned)fd, note, context);
	sys_close(folder);
}

bool proc_descriptors(int tid, unsigned most, descriptor_note *note, void *context)
{
	unsigned size = proc_table_size(tid);
	int folder = size ? proc_open_file(tid, "fd", O_RDONLY | O_DIRECTORY) : -1;
	if (folder < 0)
		return false;
	for (unsigned fd = 0; fd < size && fd < most; fd++)
		descriptor_visit(folder, fd, note, context);
	sys_close(folder);
	return size <= most;
}

bool proc_main_ended(void)
{
	char text[256];
	if (proc_read(sys_getpid(), "stat", text, sizeof text) <= 0)
		return false;
	/* The state follows the name, which is in parentheses and may hold anything. */
	const char *name_end = strrchr(text, ')');
	return name_end && name_end[1] == ' ' && (name_end[2] == 'Z' || name_end[2] == 'X');
}

long proc_threads(int *tids, size_t room)
{
	static _Alignas(struct directory_entry) char entries[32768];
	long found = 0, bytes;
	if (task_fd < 0)
		return -ENOENT;
	int ended = proc_main_ended() ? sys_getpid() : 0;
	sys_call3(SYS_lseek, task_fd, 0, SEEK_SET);
	while ((bytes = sys_call3(SYS_getdents64, task_fd, (long)entries, sizeof entries)) > 0)
		for (long at = 0; at < bytes;) {
			struct directory_entry *entry = (struct directory_entry *)(entries + at);
			int tid = digits_read(entry->name);
			if (tid && tid != ended && (size_t)found < room)
				tids[found] = tid;
			found += tid && tid != ended;
			at += entry->bytes;
		}
	return bytes < 0 ? bytes : found;
}

long proc_threads_count(void)
{
	struct stat status;
	if (task_fd < 0 ||
		sys_call4(SYS_newfstatat, task_fd, (long)"", (long)&status, AT_EMPTY_PATH) < 0)
		return -1;
	/* Two for itself, as any directory, and one for each thread: fs/proc/base.c, proc_task_getattr(). */
	return (long)status.st_nlink - 2;
}

/* --- the system call that a thread is in ------------------------------------------------------------ */

static void wait_classify(struct proc_wait *wait)
{
	struct syscall_wait known;
	wait->kind = wait->call < 0 ? WAIT_STOPPED : WAIT_SYSCALL;
	wait->object = OBJECT_ABSENT;
	wait->timed = -1;
	if (!syscall_waits(wait->call, wait->arguments, &known))
		return;
	wait->kind = known.kind;
	wait->object = known.object;
	wait->timed = known.timed;
}

static const char *hex_read(const char *text, uint64_t *number)
{
	while (*text == ' ')
		text++;
	if (text[0] == '0' && text[1] == 'x')
		text += 2;
	uint64_t value = 0;
	for (;; text++) {
		if (*text >= '0' && *text <= '9')
			value = value << 4 | (uint64_t)(*text - '0');
		else if (*text >= 'a' && *text <= 'f')
			value = value << 4 | (uint64_t)(*text - 'a' + 10);
		else
			break;
	}
	*number = value;
	return text;
}

/* Three forms, see proc(5): "running", "-1 SP PC", "CALL ARG*6 SP PC". */
int proc_wait_read(int tid, struct proc_wait *wait)
{
	char text[256];
	long bytes = proc_read(tid, "syscall", text, sizeof text);
	memset(wait, 0, sizeof *wait);
	if (bytes <= 0)
		return bytes < 0 ? (int)bytes : -ESRCH;
	if (text[0] == 'r') {
		wait->kind = WAIT_RUNNING;
		wait->timed = -1;
		return 0;
	}
	const char *at = strchr(text, ' ');
	if (!at)
		return -EINVAL;
	wait->call = text[0] == '-' ? -1 : digits_read(text);
	for (int i = 0; wait->call >= 0 && i < 6; i++)
		at = hex_read(at, &wait->arguments[i]);
	at = hex_read(at, &wait->sp);
	hex_read(at, &wait->pc);
	wait_classify(wait);
	return 0;
}

bool proc_wait_same(const struct proc_wait *a, const struct proc_wait *b)
{
	return a->call == b->call && a->sp == b->sp && a->pc == b->pc && a->kind == b->kind &&
	       memcmp(a->arguments, b->arguments, sizeof a->arguments) == 0;
}

bool proc_name_read(int tid, char name[SLOT_NAME_BYTES])
{
	char text[SLOT_NAME_BYTES + 1];
	long bytes = proc_read(tid, "comm", text, sizeof text);
	if (bytes <= 0)
		return false;
	if (text[bytes - 1] == '\n')
		text[--bytes] = '\0';
	strncpy(name, text, SLOT_NAME_BYTES - 1);
	name[SLOT_NAME_BYTES - 1] = '\0';
	return true;
}

/* --- the process ------------------------------------------------------------------------------------ */

/* A number of /proc/PID/stat, by its place in proc(5). */
static uint64_t stat_number(int tid, int place)
{
	char text[1024];
	if (proc_read(tid, "stat", text, sizeof text) <= 0)
		return 0;
	/* Field 2 is the name in parentheses, which may hold anything: count from the last one. */
	const char *at = strrchr(text, ')');
	for (int field = 2; at && field < place; field++)
		at = strchr(at + 1, ' ');
	uint64_t number = 0;
	for (at = at ? at + 1 : ""; *at >= '0' && *at <= '9'; at++)
		number = number * 10 + (uint64_t)(*at - '0');
	return number;
}

bool proc_is_kernels(int tid)
{
	return stat_number(tid, STAT_FLAGS) & IO_WORKER;
}

void proc_self_read(struct proc_self *self)
{
	self->pid = sys_getpid();
	self->entry = getauxval(AT_ENTRY);
	self->start_ticks = stat_number(self->pid, STAT_START);
	/* The kernel counts clock ticks of 1/100 s since boot in this file (USER_HZ). */
	uint64_t since_boot = self->start_ticks * (NANOSECONDS / 100);
	self->start_ns = sys_clock_ns(CLOCK_REALTIME) - sys_clock_ns(CLOCK_BOOTTIME) + since_boot;
	/* By way of the calling thread: the main thread may have exited, and then has no exe. */
	long bytes = sys_call4(SYS_readlinkat, AT_FDCWD, (long)"/proc/thread-self/exe",
		(long)self->exe, sizeof self->exe - 1);
	self->exe[bytes > 0 ? bytes : 0] = '\0';
	if (!proc_name_read(self->pid, self->name))
		strcpy(self->name, "unknown");
}
