/*
 * ldpreload.c - finds the shim and makes the value of LD_PRELOAD.
 *
 * Guarantee: what somebody else preloads stays preloaded, in its order. Refuses a path that the loader
 * would cut in two.
 */
#include "analyzer/ldpreload.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHIM	   "libleakwatch.so"
#define SEPARATORS ": " /* of the loader, ld.so(8) */

static int find_at(const char *directory, const char *name, char path[static PATH_MAX])
{
	char candidate[PATH_MAX];
	int length = snprintf(candidate, sizeof candidate, "%s/%s", directory, name);
	if ((size_t)length >= sizeof candidate) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return realpath(candidate, path) ? 0 : -1;
}

int ldpreload_find_shim_from(const char *directory, char path[static PATH_MAX])
{
	if (find_at(directory, SHIM, path) < 0 &&
		find_at(directory, "../lib/leakwatch/" SHIM, path) < 0)
		return -1;
	if (!strpbrk(path, SEPARATORS))
		return 0;
	errno = EINVAL;
	return -1;
}

int ldpreload_find_shim(char path[static PATH_MAX])
{
	char own[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
	if (length < 0)
		return -1;
	own[length] = '\0';
	char *slash = strrchr(own, '/');
	if (!slash) {
		errno = ENOENT;
		return -1;
	}
	*slash = '\0';
	return ldpreload_find_shim_from(own, path);
}

static bool is_runtime(const char *entry)
{
	const char *slash = strrchr(entry, '/');
	return strncmp(slash ? slash + 1 : entry, "libasan.", 8) == 0;
}

/* Whether LIST, separated by colons, holds ENTRY. */
static bool holds(const char *list, const char *entry)
{
	size_t length = strlen(entry);
	for (const char *at = list; (at = strstr(at, entry)); at += length) {
		bool starts = at == list || at[-1] == ':';
		if (starts && (at[length] == ':' || !at[length]))
			return true;
	}
	return false;
}

static void add(char *value, const char *entry)
{
	if (holds(value, entry))
		return;
	if (*value)
		strcat(value, ":");
	strcat(value, entry);
}

/* Adds those of ENTRIES, each ended by a NUL and the last by two, that are runtimes, or those that are
 * not. */
static void add_all(char *value, const char *entries, bool runtimes)
{
	for (; *entries; entries += strlen(entries) + 1)
		if (is_runtime(entries) == runtimes)
			add(value, entries);
}

/* "a: b" -> "a\0b\0\0". */
static char *split(const char *existing)
{
	char *entries = calloc(1, strlen(existing) + 2);
	if (!entries)
		return NULL;
	char *at = entries;
	while (*(existing += strspn(existing, SEPARATORS))) {
		size_t length = strcspn(existing, SEPARATORS);
		at = (char *)mempcpy(at, existing, length) + 1;
		existing += length;
	}
	return entries;
}

char *ldpreload_value(const char *runtime, const char *shim, const char *existing)
{
	if (!existing)
		existing = "";
	size_t room = strlen(existing) + strlen(shim) + (runtime ? strlen(runtime) : 0) + 4;
	char *entries = split(existing);
	char *value = calloc(1, room);
	if (entries && value) {
		if (runtime)
			add(value, runtime);
		add_all(value, entries, true);
		add(value, shim);
		add_all(value, entries, false);
	} else {
		free(value);
		value = NULL;
	}
	free(entries);
	return value;
}
