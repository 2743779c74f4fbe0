/*
 * locks.c - glibc's mutexes and read-write locks, read through the kernel: a lock whose memory is gone is
 * an answer, not a fault.
 *
 * Refuses glibc versions outside of those whose structures were compared with the headers: before 2.28
 * and after 2.42 nothing is said of owners.
 */
#include "preload/locks.h"
#include "preload/peek.h"
#include "preload/sys.h"

#include <gnu/libc-version.h>
#include <linux/futex.h>
#include <pthread.h>

#define GLIBC_MINOR_FIRST 28
#define GLIBC_MINOR_LAST  42

/* nptl/pthreadP.h, which is not installed. */
#define MUTEX_SHARED   128 /* PTHREAD_MUTEX_PSHARED_BIT; all robust mutexes have it too */
#define RWLOCK_WRITING 1 /* PTHREAD_RWLOCK_WRPHASE */
#define RWLOCK_LOCKED  2 /* PTHREAD_RWLOCK_WRLOCKED */
#define RWLOCK_SHIFT   3 /* PTHREAD_RWLOCK_READER_SHIFT */

/* "2.36" is known. */
static bool glibc_is_known(const char *version)
{
	unsigned minor = 0;
	if (version[0] != '2' || version[1] != '.')
		return false;
	for (version += 2; *version >= '0' && *version <= '9' && minor < 1000; version++)
		minor = minor * 10 + (unsigned)(*version - '0');
	return minor >= GLIBC_MINOR_FIRST && minor <= GLIBC_MINOR_LAST;
}

static bool lock_read(void *copy, uintptr_t lock, size_t bytes)
{
	static int known = -1;
	if (known < 0)
		known = glibc_is_known(gnu_get_libc_version());
	return known && peek(copy, lock, bytes) == (long)bytes;
}

bool mutex_state(uintptr_t mutex, struct lock_state *state)
{
	pthread_mutex_t copy;
	if (!lock_read(&copy, mutex, sizeof copy))
		return false;
	*state = (struct lock_state){.shared = copy.__data.__kind & MUTEX_SHARED};
	if (copy.__data.__lock)
		state->owner = copy.__data.__owner & FUTEX_TID_MASK;
	return true;
}

bool rwlock_state(uintptr_t lock, struct lock_state *state)
{
	pthread_rwlock_t copy;
	if (!lock_read(&copy, lock, sizeof copy))
		return false;
	unsigned readers = copy.__data.__readers;
	*state = (struct lock_state){.shared = copy.__data.__shared};
	/* In a writers' phase the readers that are counted wait. */
	if (!(readers & RWLOCK_WRITING))
		state->readers = readers >> RWLOCK_SHIFT;
	else if (readers & RWLOCK_LOCKED)
		state->owner = copy.__data.__cur_writer;
	return true;
}
