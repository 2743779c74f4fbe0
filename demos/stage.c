/*
 * stage.c - reads /proc/self and malloc's statistics. What cannot be read is printed as "-".
 */
#include "demos/stage.h"
#include "demos/object.h"

#include <dirent.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SETTLE_ATTEMPTS 2000 /* of a millisecond */

/* Counts must be equal with and without the shim, so its watcher, known by its name, is left out. A
 * thread that has gone since it was listed has no name any more and does not count. */
static bool task_counts(const char *tid)
{
	char path[64], name[32] = "";
	snprintf(path, sizeof path, "/proc/self/task/%.20s/comm", tid);
	FILE *file = fopen(path, "r");
	if (!file)
		return false;
	bool named = fgets(name, sizeof name, file) != NULL;
	fclose(file);
	return named && strcmp(name, "leakwatch\n") != 0;
}

size_t stage_threads(void)
{
	size_t threads = 0;
	DIR *tasks = opendir("/proc/self/task");
	if (!tasks)
		return 0;
	for (struct dirent *task; (task = readdir(tasks));)
		threads += task->d_name[0] != '.' && task_counts(task->d_name);
	closedir(tasks);
	return threads;
}

static size_t resident_bytes(void)
{
	size_t pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");
	if (!file)
		return 0;
	if (fscanf(file, "%*s %zu", &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* The number of timers as text, into text. */
static void timers_print(char *text, size_t text_bytes)
{
	char line[128];
	size_t timers = 0;
	FILE *file = fopen("/proc/self/timers", "r");
	if (!file) {
		snprintf(text, text_bytes, "-");
		return;
	}
	while (fgets(line, sizeof line, file))
		timers += strncmp(line, "ID:", 3) == 0;
	fclose(file);
	snprintf(text, text_bytes, "%zu", timers);
}

void stage_print(const char *name)
{
	/* The heap first: counting the rest allocates. */
	struct mallinfo2 heap = mallinfo2();
	char timers[24];
	timers_print(timers, sizeof timers);
	printf("[%s] threads=%zu heap_alloc=%zu heap_objects=%zu rss=%zu timers=%s\n", name,
		stage_threads(), heap.uordblks + heap.hblkhd, object_count(), resident_bytes(),
		timers);
}

void stage_settle(size_t threads)
{
	const struct timespec millisecond = {0, 1000000};
	for (int attempt = 0; attempt < SETTLE_ATTEMPTS && stage_threads() > threads; attempt++)
		nanosleep(&millisecond, NULL);
}
