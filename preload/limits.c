/*
 * limits.c - the system's numbers, from the text of its files. What cannot be read is absent.
 */
#include "preload/limits.h"
#include "preload/proc.h"
#include "preload/sys.h"
#include "preload/text.h"

#include <string.h>

#define NAME_BYTES 384
#define LEVELS	   16 /* of control groups, one in the other */

/* The number at the start of a text, or none: "max", "unlimited". */
static uint64_t number_at(const char *text)
{
	uint64_t number = 0;
	while (*text == ' ' || *text == '\t')
		text++;
	if (*text < '0' || *text > '9')
		return LIMIT_ABSENT;
	for (; *text >= '0' && *text <= '9'; text++)
		number = number * 10 + (uint64_t)(*text - '0');
	return number;
}

static uint64_t file_number(const char *path)
{
	char text[32];
	int fd = sys_open(AT_FDCWD, path, O_RDONLY, 0);
	if (fd < 0)
		return LIMIT_ABSENT;
	long bytes = sys_read(fd, text, sizeof text - 1);
	sys_close(fd);
	text[bytes > 0 ? bytes : 0] = '\0';
	return number_at(text);
}

/* "Max processes             31441                31441                processes" */
static uint64_t nproc_read(void)
{
	static const char title[] = "Max processes";
	char text[2048];
	if (sys_call0(SYS_geteuid) == 0 || proc_read_process("limits", text, sizeof text) <= 0)
		return LIMIT_ABSENT;
	const char *at = strstr(text, title);
	return at ? number_at(at + sizeof title - 1) : LIMIT_ABSENT;
}

/* --- control groups ----------------------------------------------------------------------------------- */

/* Where the line of the controller, or of all of them, says that the process is: "0::/system.slice/x.service",
 * "8:pids:/docker/4711". The folder of the hierarchy before it. */
static bool group_find(const char *text, const char *line, const char *folder, char *to)
{
	const char *at = strstr(text, line);
	if (!at)
		return false;
	at += strlen(line);
	char *end = text_copy(to, folder);
	const char *line_end = strchr(at, '\n');
	size_t bytes = line_end ? (size_t)(line_end - at) : strlen(at);
	if (bytes + (size_t)(end - to) + sizeof "/pids.current" > NAME_BYTES)
		return false;
	memcpy(end, at, bytes);
	end[bytes] = '\0';
	return true;
}

static uint64_t group_number(const char *folder, const char *name)
{
	char path[NAME_BYTES];
	text_copy(text_copy(path, folder), name);
	return file_number(path);
}

static void group_consider(struct limits *limits, const char *folder)
{
	uint64_t most = group_number(folder, "/pids.max");
	uint64_t here = most == LIMIT_ABSENT ? LIMIT_ABSENT : group_number(folder, "/pids.current");
	if (here == LIMIT_ABSENT)
		return;
	if (limits->pids_max != LIMIT_ABSENT &&
		most - here >= limits->pids_max - limits->pids_current)
		return;
	limits->pids_max = most;
	limits->pids_current = here;
}

/* From the process's own group to the root, of which none limits the other away. */
static void groups_consider(struct limits *limits, char *folder, size_t root_bytes)
{
	for (int level = 0; level < LEVELS; level++) {
		size_t bytes = strlen(folder);
		while (bytes > root_bytes && folder[bytes - 1] == '/')
			folder[--bytes] = '\0';
		group_consider(limits, folder);
		char *last = strrchr(folder, '/');
		if (bytes <= root_bytes || !last)
			return;
		*last = '\0';
	}
}

static void groups_read(struct limits *limits)
{
	static const char one[] = "/sys/fs/cgroup", old[] = "/sys/fs/cgroup/pids";
	char text[2048], folder[NAME_BYTES];
	if (proc_read_process("cgroup", text, sizeof text) <= 0)
		return;
	if (group_find(text, ":pids:", old, folder))
		groups_consider(limits, folder, sizeof old - 1);
	else if (group_find(text, "0::", one, folder))
		groups_consider(limits, folder, sizeof one - 1);
}

void limits_read(struct limits *limits)
{
	limits->nproc = nproc_read();
	limits->threads_max = file_number("/proc/sys/kernel/threads-max");
	limits->pid_max = file_number("/proc/sys/kernel/pid_max");
	limits->map_count_max = file_number("/proc/sys/vm/max_map_count");
	limits->pids_max = limits->pids_current = LIMIT_ABSENT;
	groups_read(limits);
}
