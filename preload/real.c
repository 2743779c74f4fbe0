/*
 * real.c - looks up what the interposers call.
 *
 * Guarantee: the next interposer's definition, where there is one; else libc's, in the version asked for in
 * calls.def. Before glibc 2.36, dlsym(RTLD_NEXT, "pthread_cond_wait") finds the oldest version (sourceware
 * bug 14932), whose condition variables have another layout: waiters and wakers would not meet.
 */
#include "preload/real.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct real real;

struct row {
	const char *name, *version;
	size_t offset;
};

static const struct row rows[CALLS] = {
#define CALL(name, version, wait)	     {#name, version, offsetof(struct real, name)},
#define CALL_OLD(name, version, alias, wait) {#name, version, offsetof(struct real, alias)},
#define CALL_ALSO(name, call, wait)
#include "preload/calls.def"
#undef CALL
#undef CALL_OLD
#undef CALL_ALSO
};

static long real_missing(void)
{
	errno = ENOSYS;
	return -1;
}

/* Whether a definition has one of the versions that calls.def knows of its function. Looks up only what
 * libc has: a failed look-up allocates. */
static bool is_versioned(const char *name, const void *definition)
{
	for (size_t i = 0; i < CALLS; i++)
		if (rows[i].version[0] && strcmp(rows[i].name, name) == 0 &&
			dlvsym(RTLD_NEXT, name, rows[i].version) == definition)
			return true;
	return false;
}

/* A definition without a version is another interposer's, which would have been called for every version;
 * the look-up of an exact one passes it by. */
static void *next_find(const char *name, const char *version)
{
	void *next = dlsym(RTLD_NEXT, name);
	void *exact = version[0] ? dlvsym(RTLD_NEXT, name, version) : NULL;
	if (!exact || exact == next)
		return next;
	return !next || is_versioned(name, next) ? exact : next;
}

void *real_find(enum call call)
{
	const struct row *row = &rows[call];
	void *function = next_find(row->name, row->version);
	if (!function)
		function = (void *)real_missing;
	__atomic_store_n((void **)((char *)&real + row->offset), function, __ATOMIC_RELAXED);
	return function;
}

void real_find_all(void)
{
	for (int call = 0; call < CALLS; call++)
		real_find((enum call)call);
}
