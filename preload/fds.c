/*
 * fds.c - from the waits of a snapshot to their descriptors, and from those to their other ends.
 *
 * What a descriptor is, its link in /proc tells; what it counts, its fdinfo. The other end of a pipe has
 * the same inode, that of a Unix socket the inode that the kernel calls its peer: this process's
 * descriptors are searched for them, once for all.
 *
 * It refuses to read the watched descriptors of an epoll in a process that has very many: the kernel
 * holds the epoll's lock meanwhile, and the host would wait for it.
 */
#include "preload/fds.h"
#include "preload/array.h"
#include "preload/peek.h"
#include "preload/polled.h"
#include "preload/proc.h"
#include "preload/snapshot.h"
#include "preload/sockets.h"
#include "preload/sys.h"
#include "preload/syscalls.h"
#include "preload/text.h"

#include <string.h>
#include <sys/stat.h>

#define ROWS	    256u /* explained in one dump, at some 5 us each */
#define INDEX	    1024u /* a power of two, well above ROWS */
#define SEARCHED    1024u /* descriptors searched for other ends, at 2 us each */
#define LISTENERS   16u /* with connections that were not accepted, of the whole machine */
#define AGAIN	    16u /* dumps from search to search for what this process was found not to have */
#define EPOLL_TABLE 1024u /* of the process's descriptor table, beyond which no epoll is read */

/* The rows of a dump, and by object their indexes + 1. */
struct rows {
	struct array array;
	uint16_t index[INDEX];
};

static struct rows tables[2];
static struct rows *now = &tables[0], *before = &tables[1]; /* of this dump, and of the last */
static struct fds fds;
static uint32_t dumps;
static unsigned table_size; /* of the host's descriptor table; 0: not read yet */

/* --- rows ------------------------------------------------------------------------------------------- */

static struct fd_row *row_in(const struct rows *rows, size_t index)
{
	return (struct fd_row *)rows->array.memory + index;
}

static struct fd_row *row_at(size_t index)
{
	return row_in(now, index);
}

/* Where the row of an object is noted, or would be. */
static uint16_t *row_entry(struct rows *rows, uint64_t object)
{
	uint32_t at = (uint32_t)(object * 0x9e3779b97f4a7c15ull >> 54);
	while (rows->index[at] && row_in(rows, rows->index[at] - 1u)->object != object)
		at = (at + 1) % INDEX;
	return &rows->index[at];
}

/* The row of an object, a fresh one if it has none; NULL where there is no room. */
static struct fd_row *row_for(uint64_t object, int tid)
{
	uint16_t *entry = row_entry(now, object);
	if (*entry)
		return row_at(*entry - 1u);
	if (fds.count == ROWS || !array_room(&now->array, ROWS, sizeof(struct fd_row)))
		return NULL;
	struct fd_row *row = row_at(fds.count++);
	*entry = (uint16_t)fds.count;
	*row = (struct fd_row){.object = object, .tid = tid};
	return row;
}

static void set_add(const struct sighting *thread)
{
	struct fd_row *row = row_for(thread->object, thread->tid);
	if (!row || row->kind[0]) {
		fds.unexplained += !row;
		return;
	}
	row->is_set = true;
	strcpy(row->kind, "set");
	long found =
		polled_members(thread->tid, thread->kind, thread->object, row->members, FD_MEMBERS);
	row->has_value = found >= 0;
	row->value = found > 0 ? (uint64_t)found : 0;
	row->member_count = row->value < FD_MEMBERS ? (unsigned)row->value : FD_MEMBERS;
	fds.unexplained += found < 0;
	for (unsigned i = 0; i < row->member_count; i++)
		fds.unexplained += !row_for((unsigned)row->members[i], thread->tid);
}

static void fd_add(const struct sighting *thread)
{
	struct fd_row *row = row_for((uint32_t)thread->object, thread->tid);
	fds.unexplained += !row;
	/* To /proc it is a file like others. */
	if (row && thread->kind == WAIT_MQ)
		strcpy(row->kind, "mqueue");
}

static bool waits_on_fd(enum wait_kind kind)
{
	static const bool fd_kinds[] = {
#define WAIT(enumerator, word, object, words) [WAIT_##enumerator] = OBJECT_##object == OBJECT_FD,
#include "preload/contract/waits.def"
#undef WAIT
	};
	return fd_kinds[kind];
}

static void thread_add(const struct sighting *thread)
{
	if (thread->object == OBJECT_ABSENT)
		return;
	if (thread->kind == WAIT_SELECT || (thread->kind == WAIT_POLL && thread->object))
		set_add(thread);
	else if (waits_on_fd(thread->kind))
		fd_add(thread);
}

/* --- what it is ------------------------------------------------------------------------------------- */

static void fd_path(char *to, const char *folder, uint64_t fd)
{
	text_copy_u64(text_copy(to, folder), fd);
}

/* The number behind "name" in a text; false if it is not there. */
static bool number_behind(const char *text, const char *name, unsigned base, uint64_t *number)
{
	const char *at = strstr(text, name);
	if (!at)
		return false;
	for (at += strlen(name); *at == ' ' || *at == '\t';)
		at++;
	*number = 0;
	for (;; at++) {
		unsigned digit = *at >= '0' && *at <= '9'   ? (unsigned)(*at - '0')
				 : *at >= 'a' && *at <= 'f' ? (unsigned)(*at - 'a' + 10)
							    : 16;
		if (digit >= base)
			return true;
		*number = *number * base + digit;
	}
}

/* "pipe:[4711]" -> 4711, for the name "pipe:[". */
static bool bracketed(const char *link, const char *name, uint64_t *inode)
{
	return strncmp(link, name, strlen(name)) == 0 && number_behind(link, name, 10, inode);
}

static unsigned lines_of(const char *text, const char *start)
{
	unsigned count = 0;
	for (const char *at = text; (at = strstr(at, start)); at++)
		count++;
	return count;
}

static bool epoll_cheap(int tid)
{
	if (!table_size)
		table_size = proc_table_size(tid);
	return table_size && table_size <= EPOLL_TABLE;
}

/* The kernel lists them all into one buffer before the first read returns: no more is read than counts. */
static bool epoll_count(int tid, const char *path, uint64_t *count)
{
	static char text[16384];
	int fd = proc_open_file(tid, path, O_RDONLY);
	long bytes;
	*count = 0;
	if (fd < 0)
		return false;
	while ((bytes = sys_read(fd, text, sizeof text - 1)) > 0) {
		text[bytes] = '\0';
		*count += lines_of(text, "tfd:");
	}
	sys_close(fd);
	return bytes == 0;
}

/* "it_interval: (0, 10000000)" */
static bool timer_period(const char *text, uint64_t *period_ns)
{
	uint64_t seconds, rest = 0;
	if (!number_behind(text, "it_interval: (", 10, &seconds))
		return false;
	const char *comma = strchr(strstr(text, "it_interval: ("), ',');
	if (!comma || !number_behind(comma, ",", 10, &rest))
		return false;
	*period_ns = seconds * 1000000000u + rest;
	return true;
}

static void value_read(struct fd_row *row)
{
	char path[40], text[1024];
	fd_path(path, "fdinfo/", row->object);
	if (strcmp(row->kind, "epoll") == 0) {
		row->has_value = epoll_cheap(row->tid) && epoll_count(row->tid, path, &row->value);
		fds.unexplained += !row->has_value;
		return;
	}
	bool event = strcmp(row->kind, "eventfd") == 0, timer = strcmp(row->kind, "timerfd") == 0;
	if ((!event && !timer) || proc_read(row->tid, path, text, sizeof text) <= 0)
		return;
	row->has_value = event ? number_behind(text, "eventfd-count:", 16, &row->value)
			       : timer_period(text, &row->value);
}

/* "anon_inode:[eventpoll]", "anon_inode:inotify" */
static void anonymous_kind(struct fd_row *row, const char *name)
{
	size_t bytes = 0;
	name += *name == '[';
	while (name[bytes] && name[bytes] != ']' && bytes < sizeof row->kind - 1)
		bytes++;
	memcpy(row->kind, name, bytes);
	row->kind[bytes] = '\0';
	if (strcmp(row->kind, "eventpoll") == 0)
		strcpy(row->kind, "epoll");
}

/* Without asking the file system, which may be one that does not answer. False where the kernel does not say. */
static bool status_read(const struct fd_row *row, struct statx *status)
{
	char path[64], *at = text_copy(path, "/proc/self/task/");
	at = text_copy_u64(at, (uint64_t)row->tid);
	fd_path(at, "/fd/", row->object);
	return !peek_filtered() && sys_call6(SYS_statx, AT_FDCWD, (long)path, AT_STATX_DONT_SYNC,
					   STATX_TYPE | STATX_INO, (long)status, 0) >= 0;
}

static const char *mode_kind(const struct statx *status)
{
	if (S_ISFIFO(status->stx_mode))
		return "fifo";
	if (S_ISDIR(status->stx_mode))
		return "directory";
	return S_ISCHR(status->stx_mode) || S_ISBLK(status->stx_mode) ? "device" : "file";
}

static bool is_terminal(const char *link)
{
	return strncmp(link, "/dev/pts/", 9) == 0 || strncmp(link, "/dev/tty", 8) == 0;
}

static void path_kind(struct fd_row *row, const char *link)
{
	struct statx status;
	memcpy(row->local, link, FD_NAME_BYTES - 1);
	row->has_inode = status_read(row, &status);
	row->inode = row->has_inode ? status.stx_ino : 0;
	if (row->kind[0])
		return;
	strcpy(row->kind, is_terminal(link) ? "tty" : row->has_inode ? mode_kind(&status) : "file");
	row->peer = strcmp(row->kind, "fifo") == 0 ? row->inode : 0;
}

static void modes_read(struct fd_row *row, const char *path)
{
	int mode = proc_link_mode(row->tid, path);
	row->may_read = mode > 0 && mode & S_IRUSR;
	row->may_write = mode > 0 && mode & S_IWUSR;
}

static void row_explain(struct fd_row *row)
{
	char path[40], link[256] = "";
	static const char anonymous[] = "anon_inode:";
	fd_path(path, "fd/", row->object);
	if (proc_link(row->tid, path, link, sizeof link) <= 0) {
		fds.unexplained++;
	} else if (bracketed(link, "pipe:[", &row->inode)) {
		strcpy(row->kind, "pipe");
		row->has_inode = true;
		row->peer = row->inode;
		modes_read(row, path);
	} else if (bracketed(link, "socket:[", &row->inode)) {
		row->has_inode = true;
		socket_kind(row);
		if (strcmp(row->kind, "unix") == 0)
			fds.unexplained += !socket_unix(row);
	} else if (strncmp(link, anonymous, sizeof anonymous - 1) == 0) {
		anonymous_kind(row, link + sizeof anonymous - 1);
		value_read(row);
	} else {
		path_kind(row, link);
		modes_read(row, path);
	}
}

/* --- other ends ------------------------------------------------------------------------------------- */

enum end_kind { END_PIPE, END_SOCKET, END_PATH };

/* Whether a descriptor with this link may be the row's other end. */
static bool row_meets(
	const struct fd_row *row, enum end_kind kind, const char *link, uint64_t inode)
{
	if (!row->peer)
		return false;
	if (kind == END_PATH)
		return strcmp(row->kind, "fifo") == 0 &&
		       strncmp(row->local, link, FD_NAME_BYTES - 1) == 0;
	return row->peer == inode && strcmp(row->kind, kind == END_PIPE ? "pipe" : "unix") == 0;
}

/* Whether the descriptor is what row's waits for: it writes where row reads, and the other way. */
static bool end_opposite(const struct fd_row *row, const struct proc_descriptor *descriptor)
{
	if (row->may_read == row->may_write)
		return true;
	int mode = proc_descriptor_mode(descriptor);
	return mode > 0 && mode & (row->may_read ? S_IWUSR : S_IRUSR);
}

static enum end_kind link_kind(const char *link, uint64_t *inode)
{
	if (bracketed(link, "socket:[", inode))
		return END_SOCKET;
	return bracketed(link, "pipe:[", inode) ? END_PIPE : END_PATH;
}

static void other_add(struct fd_row *row, const struct proc_descriptor *descriptor)
{
	uint64_t inode = 0;
	enum end_kind kind = link_kind(descriptor->link, &inode);
	if (row_meets(row, kind, descriptor->link, inode) &&
		(uint64_t)descriptor->fd != row->object && row->other_count < FD_OTHERS &&
		(kind == END_SOCKET || end_opposite(row, descriptor)))
		row->others[row->other_count++] = descriptor->fd;
}

static void descriptor_compare(const struct proc_descriptor *descriptor, void *unused)
{
	(void)unused;
	for (size_t i = 0; i < fds.count; i++)
		if (!row_at(i)->others_known)
			other_add(row_at(i), descriptor);
}

static void other_noted(const struct proc_descriptor *descriptor, void *row)
{
	other_add(row, descriptor);
}

/* From the dump before, if what was found then still holds. */
static void others_keep(struct fd_row *row)
{
	uint16_t entry = *row_entry(before, row->object);
	const struct fd_row *then = entry ? row_in(before, entry - 1u) : NULL;
	if (!row->peer || !then || then->peer != row->peer || !then->others_known)
		return;
	for (unsigned i = 0; i < then->other_count; i++)
		proc_descriptor_note(row->tid, then->others[i], other_noted, row);
	row->others_known = row->other_count || (!then->other_count && dumps % AGAIN);
}

static int searcher(void)
{
	for (size_t i = 0; i < fds.count; i++)
		if (row_at(i)->peer && !row_at(i)->others_known)
			return row_at(i)->tid;
	return 0;
}

static void others_search(void)
{
	for (size_t i = 0; i < fds.count; i++)
		others_keep(row_at(i));
	int tid = searcher();
	if (!tid)
		return;
	bool all = proc_descriptors(tid, SEARCHED, descriptor_compare, NULL);
	for (size_t i = 0; i < fds.count; i++)
		if (row_at(i)->peer)
			row_at(i)->others_known = all || row_at(i)->other_count;
	fds.unexplained += !all;
}

/* --- listeners that nobody waits on ----------------------------------------------------------------- */

/* Those that have connections waiting, of any process. */
struct backlog {
	uint64_t inodes[LISTENERS];
	unsigned count;
	int tid;
};

static void listener_note(const struct proc_descriptor *descriptor, void *context)
{
	const struct backlog *backlog = context;
	uint64_t inode;
	for (unsigned i = 0; i < backlog->count; i++)
		if (bracketed(descriptor->link, "socket:[", &inode) && inode == backlog->inodes[i])
			fds.unexplained += !row_for((unsigned)descriptor->fd, backlog->tid);
}

/* This process's own, if there are any at all: connections that nobody accepts say that work is waiting. */
static void listeners_add(int tid)
{
	struct backlog backlog = {.tid = tid};
	backlog.count = sockets_unaccepted(backlog.inodes, LISTENERS);
	if (backlog.count)
		proc_descriptors(tid, SEARCHED, listener_note, &backlog);
}

/* --- all of them ------------------------------------------------------------------------------------ */

struct fds fds_gather(const struct sighting *threads, uint32_t count)
{
	struct rows *last = before;
	before = now;
	now = last;
	memset(now->index, 0, sizeof now->index);
	fds = (struct fds){0};
	table_size = 0;
	dumps++;
	for (uint32_t i = 0; i < count; i++)
		thread_add(&threads[i]);
	if (count)
		listeners_add(threads[0].tid);
	fds.rows = now->array.memory;
	for (size_t i = 0; i < fds.count; i++)
		if (!row_at(i)->is_set)
			row_explain(row_at(i));
	if (fds.count)
		fds.unexplained += sockets_tables(now->array.memory, fds.count);
	others_search();
	return fds;
}

void fds_forget(void)
{
	memset(tables, 0, sizeof tables);
}
