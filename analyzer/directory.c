/*
 * directory.c - finds, checks and lists the directories of dumps and control sockets.
 *
 * Guarantee: a directory in /tmp that is found by its name belongs to the user in that name, is no link
 * and is writable by nobody else; so what is listed in it, or removed from it, is that user's. A
 * directory that a person named is not second-guessed, apart from links that a third user planted.
 */
#include "analyzer/directory.h"
#include "analyzer/number.h"
#include "analyzer/percent.h"
#include "analyzer/procfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TMP	    "/tmp"
#define TMP_PREFIX  "leakwatch-"
#define DUMP_SUFFIX ".dump"
#define SOCK_SUFFIX ".sock"

/* --- opening --------------------------------------------------------------------------------------- */

static int fail(int error)
{
	errno = error;
	return -1;
}

static int set_path(struct directory *directory, const char *path)
{
	directory->fd = -1;
	int length = snprintf(directory->path, sizeof directory->path, "%s", path);
	return (size_t)length < sizeof directory->path ? 0 : fail(ENAMETOOLONG);
}

static int open_checked(struct directory *directory, int flags, struct stat *status)
{
	directory->fd = open(directory->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
	if (directory->fd < 0)
		return -1;
	if (fstat(directory->fd, status) < 0) {
		directory_close(directory);
		return -1;
	}
	directory->owner = status->st_uid;
	return 0;
}

/* A link may be root's, the caller's, or that of the user PERSON who named it. */
static int open_named(const char *path, uid_t person, struct directory *directory)
{
	struct stat status;
	if (set_path(directory, path) < 0 || lstat(path, &status) < 0)
		return -1;
	uid_t owner = status.st_uid;
	if (S_ISLNK(status.st_mode) && owner != 0 && owner != geteuid() && owner != person)
		return fail(EPERM);
	return open_checked(directory, 0, &status);
}

/* /tmp/leakwatch-UID. */
static int open_in_tmp(uid_t user, struct directory *directory)
{
	struct stat status;
	directory->fd = -1;
	snprintf(directory->path, sizeof directory->path, TMP "/" TMP_PREFIX "%u", user);
	if (open_checked(directory, O_NOFOLLOW, &status) < 0)
		return fail(errno == ENOTDIR || errno == ELOOP ? EPERM : errno);
	if (status.st_uid == user && !(status.st_mode & (S_IWGRP | S_IWOTH)))
		return 0;
	directory_close(directory);
	return fail(EPERM);
}

int directory_open(const char *path, struct directory *directory)
{
	return open_named(path, geteuid(), directory);
}

int directory_open_own(struct directory *directory)
{
	const char *path = getenv("LEAKWATCH_DIR");
	if (path && path[0] == '/')
		return directory_open(path, directory);
	return open_in_tmp(geteuid(), directory);
}

void directory_close(struct directory *directory)
{
	int error = errno;
	if (directory->fd >= 0)
		close(directory->fd);
	directory->fd = -1;
	errno = error;
}

/* --- of a process ---------------------------------------------------------------------------------- */

/* LEAKWATCH_DIR of process PID. Like the shim, takes no relative path: it would name another place
 * after every chdir(). */
static int open_by_environment(pid_t pid, uid_t user, struct directory *directory)
{
	char path[PATH_MAX];
	if (procfs_environment(pid, "LEAKWATCH_DIR", path) < 0)
		return -1;
	return path[0] == '/' ? open_named(path, user, directory) : fail(ENOENT);
}

/* Whether opening went well (RESULT) and PID has its socket there; closes the directory if not. */
static bool holds_socket(int result, pid_t pid, struct directory *directory)
{
	struct stat status;
	char name[32];
	if (result < 0)
		return false;
	snprintf(name, sizeof name, "%d" SOCK_SUFFIX, (int)pid);
	if (fstatat(directory->fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
		S_ISSOCK(status.st_mode))
		return true;
	directory_close(directory);
	return false;
}

static bool may_ask(const struct procfs_uids *uids)
{
	uid_t me = geteuid();
	return me == 0 || me == uids->real || me == uids->effective;
}

struct search {
	pid_t pid;
	uid_t user;
	struct directory *directory;
};

static int try_socket(void *context, pid_t pid, const char *path)
{
	struct search *search = context;
	return pid == search->pid && holds_socket(open_named(path, search->user, search->directory),
					     pid, search->directory);
}

/* Where the kernel says that PID's socket is. */
static bool open_by_socket(pid_t pid, uid_t user, struct directory *directory)
{
	struct search search = {pid, user, directory};
	return procfs_sockets_visit(pid, try_socket, &search) != 0;
}

int directory_open_of_process(pid_t pid, struct directory *directory)
{
	struct procfs_uids uids;
	directory->fd = -1;
	if (procfs_uids(pid, &uids) < 0)
		return fail(ESRCH);
	if (!may_ask(&uids))
		return fail(EACCES);
	/* A daemon may have started as root and dropped its ids, before or after its first thread, or
	 * have written a title over its environment. */
	if (holds_socket(open_by_environment(pid, uids.real, directory), pid, directory) ||
		holds_socket(directory_open_own(directory), pid, directory) ||
		holds_socket(open_in_tmp(uids.effective, directory), pid, directory) ||
		holds_socket(open_in_tmp(uids.real, directory), pid, directory) ||
		holds_socket(open_in_tmp(uids.saved, directory), pid, directory) ||
		holds_socket(open_in_tmp(0, directory), pid, directory) ||
		open_by_socket(pid, uids.real, directory))
		return 0;
	return fail(ENOENT);
}

/* --- all of them ----------------------------------------------------------------------------------- */

static bool same_directory(const struct directory *a, const struct directory *b)
{
	struct stat x, y;
	return fstat(a->fd, &x) == 0 && fstat(b->fd, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

/* Takes over *one, or closes it if it is there already. */
static int add_directory(struct directories *all, struct directory *one)
{
	for (size_t i = 0; i < all->count; i++) {
		if (same_directory(&all->directories[i], one)) {
			directory_close(one);
			return 0;
		}
	}
	struct directory *more =
		reallocarray(all->directories, all->count + 1, sizeof *all->directories);
	if (!more) {
		directory_close(one);
		return -1;
	}
	all->directories = more;
	all->directories[all->count++] = *one;
	return 0;
}

static int add_of_processes(struct directories *all)
{
	pid_t *pids;
	size_t count;
	int result = 0;
	if (procfs_pids(&pids, &count) < 0)
		return errno == ENOMEM ? -1 : 0;
	for (size_t i = 0; i < count && result == 0; i++) {
		struct procfs_uids uids;
		struct directory one;
		if (procfs_uids(pids[i], &uids) == 0 && may_ask(&uids) &&
			open_by_environment(pids[i], uids.real, &one) == 0)
			result = add_directory(all, &one);
	}
	free(pids);
	return result;
}

/* Nobody else's socket is asked, even if it has such a name. */
static int add_of_socket(void *all, pid_t pid, const char *path)
{
	struct procfs_uids uids;
	struct directory one;
	if (procfs_uids(pid, &uids) < 0 || !may_ask(&uids) || !procfs_maps_shim(pid) ||
		!holds_socket(open_named(path, uids.real, &one), pid, &one))
		return 0;
	return add_directory(all, &one);
}

static int add_of_users(struct directories *all)
{
	DIR *tmp = opendir(TMP);
	if (!tmp)
		return 0;
	int result = 0;
	for (struct dirent *entry; result == 0 && (entry = readdir(tmp));) {
		struct directory one;
		uint64_t user;
		if (strncmp(entry->d_name, TMP_PREFIX, strlen(TMP_PREFIX)) == 0 &&
			number_parse(entry->d_name + strlen(TMP_PREFIX), UINT32_MAX, &user) == 0 &&
			open_in_tmp((uid_t)user, &one) == 0)
			result = add_directory(all, &one);
	}
	closedir(tmp);
	return result;
}

int directories_open_all(struct directories *all)
{
	struct directory own;
	all->directories = NULL;
	all->count = 0;
	int result = directory_open_own(&own) == 0 ? add_directory(all, &own) : 0;
	if (result == 0 && open_in_tmp(geteuid(), &own) == 0)
		result = add_directory(all, &own);
	if (result == 0)
		result = add_of_processes(all);
	if (result == 0)
		result = procfs_sockets_visit(getpid(), add_of_socket, all);
	if (result == 0 && geteuid() == 0)
		result = add_of_users(all);
	if (result == 0)
		return 0;
	directories_close(all);
	return fail(ENOMEM);
}

void directories_close(struct directories *all)
{
	for (size_t i = 0; i < all->count; i++)
		directory_close(&all->directories[i]);
	free(all->directories);
	all->directories = NULL;
	all->count = 0;
}

/* --- what lies in it ------------------------------------------------------------------------------- */

static bool has_suffix(const char *text, const char *suffix)
{
	size_t length = strlen(text), bytes = strlen(suffix);
	return length > bytes && !strcmp(text + length - bytes, suffix);
}

static bool cut_suffix(char *text, const char *suffix)
{
	if (!has_suffix(text, suffix))
		return false;
	text[strlen(text) - strlen(suffix)] = '\0';
	return true;
}

/* Cuts the last "-NUMBER" off; a comm may hold dashes itself, so names are read from their end. */
static bool cut_number(char *text, uint64_t max, uint64_t *number)
{
	char *dash = strrchr(text, '-');
	if (!dash || number_parse(dash + 1, max, number) < 0)
		return false;
	*dash = '\0';
	return true;
}

int directory_dump_parse(const char *name, struct directory_dump *dump)
{
	uint64_t pid;
	char comm[sizeof dump->comm];
	if (name[0] == '.' || strlen(name) >= sizeof dump->name)
		return -1;
	strcpy(comm, name);
	if (!cut_suffix(comm, DUMP_SUFFIX) || !cut_number(comm, UINT64_MAX, &dump->sequence) ||
		!cut_number(comm, UINT64_MAX, &dump->start_ticks) ||
		!cut_number(comm, INT32_MAX, &pid) ||
		percent_decode(comm, dump->comm, sizeof dump->comm) < 0)
		return -1;
	strcpy(dump->name, name);
	dump->pid = (pid_t)pid;
	dump->modified_ns = 0;
	return 0;
}

/* A second descriptor, whose reading position is its own. */
static DIR *open_listing(const struct directory *directory)
{
	int fd = openat(directory->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	DIR *listing = fdopendir(fd);
	if (!listing)
		close(fd);
	return listing;
}

static bool is_dump(
	const struct directory *directory, const char *name, struct directory_dump *dump)
{
	struct stat status;
	if (directory_dump_parse(name, dump) < 0 ||
		fstatat(directory->fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
		!S_ISREG(status.st_mode))
		return false;
	dump->modified_ns = status.st_mtim.tv_sec * INT64_C(1000000000) + status.st_mtim.tv_nsec;
	return true;
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_process(const struct directory_dump *a, const struct directory_dump *b)
{
	int order = compare_numbers((uint64_t)a->pid, (uint64_t)b->pid);
	if (!order)
		order = compare_numbers(a->start_ticks, b->start_ticks);
	return order ? order : strcmp(a->comm, b->comm);
}

int directory_dump_same_process(
	const struct directory_dump *one, const struct directory_dump *other)
{
	return compare_process(one, other) == 0;
}

static int compare_in_process(const void *a, const void *b)
{
	const struct directory_dump *x = a, *y = b;
	int order = compare_process(x, y);
	return order ? order : compare_numbers(y->sequence, x->sequence);
}

/* A run of the sorted list that is one process. */
struct run {
	size_t first, count;
	int64_t newest_ns;
};

static int compare_runs(const void *a, const void *b)
{
	const struct run *x = a, *y = b;
	return (y->newest_ns > x->newest_ns) - (y->newest_ns < x->newest_ns);
}

static size_t find_runs(const struct directory_dumps *list, struct run *runs)
{
	size_t count = 0;
	for (size_t i = 0; i < list->count; i++) {
		const struct directory_dump *dump = &list->dumps[i];
		if (i == 0 || compare_process(dump, dump - 1) != 0)
			runs[count++] = (struct run){.first = i, .newest_ns = INT64_MIN};
		struct run *run = &runs[count - 1];
		run->count++;
		if (dump->modified_ns > run->newest_ns)
			run->newest_ns = dump->modified_ns;
	}
	return count;
}

/* Times alone would mix the dumps of two processes, and are not to be trusted within one: a copy of a
 * directory is written in any order. */
static int sort_dumps(struct directory_dumps *list)
{
	if (list->count == 0)
		return 0;
	struct directory_dump *sorted = calloc(list->count, sizeof *sorted);
	struct run *runs = calloc(list->count, sizeof *runs);
	if (!sorted || !runs) {
		free(sorted);
		free(runs);
		return -1;
	}
	qsort(list->dumps, list->count, sizeof *list->dumps, compare_in_process);
	size_t count = find_runs(list, runs);
	qsort(runs, count, sizeof *runs, compare_runs);
	size_t filled = 0;
	for (size_t i = 0; i < count; i++) {
		memcpy(&sorted[filled], &list->dumps[runs[i].first],
			runs[i].count * sizeof *sorted);
		filled += runs[i].count;
	}
	free(runs);
	free(list->dumps);
	list->dumps = sorted;
	return 0;
}

static int collect_dumps(
	const struct directory *directory, DIR *listing, struct directory_dumps *list)
{
	size_t room = 0;
	for (struct dirent *entry; (entry = readdir(listing));) {
		struct directory_dump dump;
		if (!is_dump(directory, entry->d_name, &dump))
			continue;
		if (list->count == room) {
			room = room ? room * 2 : 64;
			struct directory_dump *more = reallocarray(list->dumps, room, sizeof *more);
			if (!more)
				return -1;
			list->dumps = more;
		}
		list->dumps[list->count++] = dump;
	}
	return 0;
}

int directory_dumps_list(const struct directory *directory, struct directory_dumps *list)
{
	struct directory_dumps found = {0};
	DIR *listing = open_listing(directory);
	if (!listing)
		return -1;
	int result = collect_dumps(directory, listing, &found);
	closedir(listing);
	if (result < 0 || sort_dumps(&found) < 0) {
		directory_dumps_free(&found);
		return fail(ENOMEM);
	}
	*list = found;
	return 0;
}

void directory_dumps_free(struct directory_dumps *list)
{
	free(list->dumps);
	list->dumps = NULL;
	list->count = 0;
}

int directory_file_path(
	const struct directory *directory, const char *name, char path[static PATH_MAX])
{
	int length = snprintf(path, PATH_MAX, "%s/%s", directory->path, name);
	return length < PATH_MAX ? 0 : fail(ENAMETOOLONG);
}

/* --- sockets --------------------------------------------------------------------------------------- */

static bool is_socket(const char *name, pid_t *pid)
{
	char copy[NAME_MAX + 1];
	uint64_t number;
	if (strlen(name) >= sizeof copy)
		return false;
	strcpy(copy, name);
	if (!cut_suffix(copy, SOCK_SUFFIX) || number_parse(copy, INT32_MAX, &number) < 0)
		return false;
	*pid = (pid_t)number;
	return true;
}

static int compare_pids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;
	return (x > y) - (x < y);
}

static int collect_sockets(DIR *listing, struct directory_sockets *list)
{
	for (struct dirent *entry; (entry = readdir(listing));) {
		pid_t pid;
		if (!is_socket(entry->d_name, &pid))
			continue;
		pid_t *more = reallocarray(list->pids, list->count + 1, sizeof *more);
		if (!more)
			return -1;
		list->pids = more;
		list->pids[list->count++] = pid;
	}
	return 0;
}

int directory_sockets_list(const struct directory *directory, struct directory_sockets *list)
{
	struct directory_sockets found = {0};
	DIR *listing = open_listing(directory);
	if (!listing)
		return -1;
	int result = collect_sockets(listing, &found);
	closedir(listing);
	if (result < 0) {
		directory_sockets_free(&found);
		return fail(ENOMEM);
	}
	if (found.count)
		qsort(found.pids, found.count, sizeof *found.pids, compare_pids);
	*list = found;
	return 0;
}

void directory_sockets_free(struct directory_sockets *list)
{
	free(list->pids);
	list->pids = NULL;
	list->count = 0;
}

int directory_socket_remove(const struct directory *directory, pid_t pid)
{
	char name[32];
	snprintf(name, sizeof name, "%d" SOCK_SUFFIX, (int)pid);
	return unlinkat(directory->fd, name, 0);
}

int directory_clear(const struct directory *directory)
{
	DIR *listing = open_listing(directory);
	if (!listing)
		return -1;
	for (const struct dirent *entry; (entry = readdir(listing));)
		if (has_suffix(entry->d_name, DUMP_SUFFIX) ||
			has_suffix(entry->d_name, SOCK_SUFFIX))
			unlinkat(directory->fd, entry->d_name, 0);
	closedir(listing);
	return 0;
}
