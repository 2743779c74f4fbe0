/*
 * newborn.c - finds a thread's slot in glibc's own record of the thread.
 *
 * The record's address is the handle. It holds the start routine and its argument, which are ours and the slot, next
 * to each other (nptl/descr.h: start_routine, arg); glibc tells debuggers how large it is (nptl_db/structs.def, the
 * interface to libthread_db). So it is searched for the pair, once; later records have it at the same place.
 *
 * Refuses to read the variable that the host had its handle stored in, though the interposer of pthread_create() knows
 * where it is: by the time that the real function has returned there, the thread may have run, and freed it.
 *
 * Another interposer behind the shim may put a start routine of its own in place of ours (ThreadSanitizer's does).
 * The first thread that begins finds that out.
 */
#include "preload/newborn.h"
#include "preload/threads.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdint.h>

enum { UNTRIED, TOLD, NOT_TOLD };

static uint32_t record_bytes; /* 0: not known */
static _Atomic int told;
static _Atomic uint32_t place; /* of the routine in a record, in words; 0: not known */

void newborn_init(void)
{
	/* By dlsym: a direct reference would not link, the symbol is private. */
	const uint32_t *bytes = dlsym(RTLD_DEFAULT, "_thread_db_sizeof_pthread");
	record_bytes = bytes ? *bytes : 0;
}

static bool starts_here(uintptr_t routine)
{
	return routine == (uintptr_t)thread_start || routine == (uintptr_t)thread_start_c11;
}

struct slot *newborn_find(pthread_t thread)
{
	const uintptr_t *record = (const uintptr_t *)thread;
	uint32_t words = record_bytes / sizeof *record;
	uint32_t known = atomic_load_explicit(&place, memory_order_relaxed);
	if (known)
		return starts_here(record[known]) ? (struct slot *)record[known + 1] : NULL;
	for (uint32_t i = 1; i + 1 < words; i++) {
		if (!starts_here(record[i]))
			continue;
		atomic_store_explicit(&place, i, memory_order_relaxed);
		return (struct slot *)record[i + 1];
	}
	return NULL;
}

bool newborn_told(const struct slot *slot)
{
	int known = atomic_load_explicit(&told, memory_order_relaxed);
	if (known == UNTRIED) {
		known = newborn_find(pthread_self()) == slot ? TOLD : NOT_TOLD;
		atomic_store_explicit(&told, known, memory_order_relaxed);
	}
	return known == TOLD;
}
