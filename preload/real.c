/*
 * real.c - looks up what the interposers call.
 *
 * Guarantee: the version asked for in calls.def where libc has it. Before glibc 2.36,
 * dlsym(RTLD_NEXT, "pthread_cond_wait") finds the oldest version (sourceware bug 14932), whose
 * condition variables have another layout: waiters and wakers would not meet.
 */
#include "preload/real.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

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

void *real_find(enum call call)
{
	const struct row *row = &rows[call];
	void *function = NULL;
	if (row->version[0])
		function = dlvsym(RTLD_NEXT, row->name, row->version);
	if (!function)
		function = dlsym(RTLD_NEXT, row->name);
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
