/*
 * procfs.c - reads /proc/PID/{status,environ,comm,maps,net/unix} and the list of processes.
 *
 * Everything it reads is written by the kernel or, for environ, by the process itself: its length is
 * bounded here and its content is for the caller to judge.
 */
#include "analyzer/procfs.h"
#include "analyzer/number.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHIM "libleakwatch.so"

static FILE *open_file(pid_t pid, const char *name)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	FILE *file = fopen(path, "re");
	if (!file && errno == ENOENT)
		errno = ESRCH;
	return file;
}

int procfs_uids(pid_t pid, struct procfs_uids *uids)
{
	FILE *file = open_file(pid, "status");
	if (!file)
		return -1;
	char line[256];
	int found = 0;
	while (found != 3 && fgets(line, sizeof line, file))
		found = sscanf(line, "Uid: %u %u %u", &uids->real, &uids->effective, &uids->saved);
	fclose(file);
	errno = ESRCH;
	return found == 3 ? 0 : -1;
}

int procfs_environment(pid_t pid, const char *name, char value[static PATH_MAX])
{
	FILE *file = open_file(pid, "environ");
	if (!file)
		return -1;
	char *entry = NULL;
	size_t room = 0;
	size_t length = strlen(name);
	int result = -1;
	while (result < 0 && getdelim(&entry, &room, '\0', file) > 0) {
		const char *text = entry + length + 1;
		if (strncmp(entry, name, length) != 0 || entry[length] != '=')
			continue;
		if (!*text || strlen(text) >= PATH_MAX)
			break;
		strcpy(value, text);
		result = 0;
	}
	free(entry);
	fclose(file);
	errno = ENOENT;
	return result;
}

int procfs_comm(pid_t pid, char *comm, size_t size)
{
	FILE *file = open_file(pid, "comm");
	if (!file)
		return -1;
	size_t length = fread(comm, 1, size - 1, file);
	fclose(file);
	if (length > 0 && comm[length - 1] == '\n')
		length--;
	comm[length] = '\0';
	return 0;
}

/* Cuts PATH, DIRECTORY/PID.sock, behind its directory. */
static int socket_name_cut(char *path, pid_t *pid)
{
	uint64_t number;
	char *name = strrchr(path, '/'), *suffix = name ? strrchr(name, '.') : NULL;
	if (path[0] != '/' || name == path || !suffix || strcmp(suffix, ".sock") != 0)
		return -1;
	*suffix = *name = '\0';
	if (number_parse(name + 1, INT32_MAX, &number) < 0)
		return -1;
	*pid = (pid_t)number;
	return 0;
}

/* The shim names a directory too long for a socket address by the descriptor that it has of it; "self"
 * is the shim's process there, and the one that asks here. */
static void self_replace(char directory[static PATH_MAX], const char *path, pid_t pid)
{
	static const char self[] = "/proc/self/";
	if (strncmp(path, self, sizeof self - 1) == 0)
		snprintf(directory, PATH_MAX, "/proc/%d/%s", (int)pid, path + sizeof self - 1);
	else
		snprintf(directory, PATH_MAX, "%s", path);
}

int procfs_sockets_visit(
	pid_t of, int (*visit)(void *context, pid_t pid, const char *directory), void *context)
{
	FILE *file = open_file(of, "net/unix");
	char line[512], path[256], directory[PATH_MAX];
	int result = 0;
	pid_t pid;
	if (!file)
		return 0;
	while (result == 0 && fgets(line, sizeof line, file)) {
		/* Number, references, protocol, flags (only those that listen), type, state, inode. */
		if (sscanf(line, "%*s %*s %*s 00010000 %*s %*s %*s %255[^\n]", path) != 1 ||
			socket_name_cut(path, &pid) < 0)
			continue;
		self_replace(directory, path, pid);
		result = visit(context, pid, directory);
	}
	fclose(file);
	return result;
}

int procfs_maps_shim(pid_t pid)
{
	FILE *file = open_file(pid, "maps");
	char *line = NULL;
	size_t room = 0;
	int found = 0;
	if (!file)
		return 0;
	while (!found && getline(&line, &room, file) > 0) {
		const char *slash = strrchr(line, '/');
		size_t length = slash ? strcspn(slash + 1, " \n") : 0;
		found = length == strlen(SHIM) && strncmp(slash + 1, SHIM, length) == 0;
	}
	free(line);
	fclose(file);
	return found;
}

int procfs_has_shim(pid_t pid)
{
	char preloads[PATH_MAX];
	if (procfs_maps_shim(pid))
		return 1;
	/* Where the program has only just been executed, and the loader has not mapped it yet. */
	return procfs_environment(pid, "LD_PRELOAD", preloads) == 0 && strstr(preloads, SHIM);
}

static ssize_t program_read(pid_t pid, char path[static PATH_MAX])
{
	char link[64];
	snprintf(link, sizeof link, "/proc/%d/exe", (int)pid);
	return readlink(link, path, PATH_MAX);
}

int procfs_same_program(pid_t one, pid_t other)
{
	char path[PATH_MAX], other_path[PATH_MAX];
	ssize_t bytes = program_read(one, path);
	return bytes > 0 && program_read(other, other_path) == bytes &&
	       memcmp(path, other_path, (size_t)bytes) == 0;
}

static int compare_pids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;
	return (x > y) - (x < y);
}

static int collect_pids(DIR *proc, pid_t **pids, size_t *count)
{
	size_t room = 0;
	for (struct dirent *entry; (entry = readdir(proc));) {
		uint64_t pid;
		if (number_parse(entry->d_name, INT32_MAX, &pid) < 0)
			continue;
		if (*count == room) {
			room = room ? room * 2 : 256;
			pid_t *more = reallocarray(*pids, room, sizeof *more);
			if (!more)
				return -1;
			*pids = more;
		}
		(*pids)[(*count)++] = (pid_t)pid;
	}
	return 0;
}

int procfs_pids(pid_t **pids, size_t *count)
{
	DIR *proc = opendir("/proc");
	if (!proc)
		return -1;
	*pids = NULL;
	*count = 0;
	int result = collect_pids(proc, pids, count);
	closedir(proc);
	if (result < 0) {
		free(*pids);
		*pids = NULL;
		return -1;
	}
	if (*count)
		qsort(*pids, *count, sizeof **pids, compare_pids);
	return 0;
}
