/*
 * tids.c - lists /proc/self/task into a set by open addressing: an entry is a thread id, negative once it was
 * claimed.
 */
#include "preload/tids.h"
#include "preload/array.h"
#include "preload/proc.h"
#include "preload/sys.h"

#include <errno.h>
#include <string.h>

#define GONE_LOOKS   1000
#define EXCLUDED_MAX 16 /* threads of ours: the watcher and its deputies */

static int excluded[EXCLUDED_MAX]; /* 0: none */

static struct array list, entries_array;

void tids_exclude(int tid)
{
	for (unsigned i = 0; i < EXCLUDED_MAX; i++)
		if (!excluded[i]) {
			excluded[i] = tid;
			return;
		}
}

static bool is_gone(int tid)
{
	return sys_call3(SYS_tgkill, sys_getpid(), tid, 0) == -ESRCH;
}

/* Its last instruction is over, but it may be listed for a moment yet. */
void tids_exclude_no_more(int tid)
{
	for (int looks = 0; looks < GONE_LOOKS && !is_gone(tid); looks++)
		sys_call0(SYS_sched_yield);
	for (unsigned i = 0; i < EXCLUDED_MAX; i++)
		if (excluded[i] == tid)
			excluded[i] = 0;
}

/* One that nobody awaits any more may have ended, too. */
long tids_excluded_alive(void)
{
	long alive = 0;
	for (unsigned i = 0; i < EXCLUDED_MAX; i++) {
		if (excluded[i] && is_gone(excluded[i]))
			excluded[i] = 0;
		alive += excluded[i] != 0;
	}
	return alive;
}

bool tids_excluded(int tid)
{
	for (unsigned i = 0; i < EXCLUDED_MAX; i++)
		if (excluded[i] == tid)
			return true;
	return false;
}

static uint32_t tid_mask;

static int *tid_entry(int tid)
{
	int *entries = entries_array.memory;
	uint32_t at = ((uint32_t)tid * 2654435761u) & tid_mask;
	while (entries[at] && entries[at] != tid && entries[at] != -tid)
		at = (at + 1) & tid_mask;
	return &entries[at];
}

static bool tids_index(const int *tids, size_t count)
{
	size_t room = 64;
	while (room < count * 2)
		room *= 2;
	if (!array_room(&entries_array, room, sizeof(int)))
		return false;
	tid_mask = (uint32_t)room - 1;
	memset(entries_array.memory, 0, room * sizeof(int));
	for (size_t i = 0; i < count; i++)
		*tid_entry(tids[i]) = tids[i];
	return true;
}

size_t tids_list(const int **tids)
{
	for (;;) {
		size_t room = list.room / sizeof(int);
		long count = proc_threads(list.memory, room);
		if (count < 0 || (count > 0 && !array_room(&list, (size_t)count + 64, sizeof(int))))
			count = 0;
		*tids = list.memory;
		if ((size_t)count <= room)
			return tids_index(list.memory, (size_t)count) ? (size_t)count : 0;
	}
}

bool tids_claim(int tid)
{
	int *entry = tid_entry(tid);
	if (!*entry)
		return false;
	*entry = -tid;
	return true;
}

bool tids_stray(int tid)
{
	return *tid_entry(tid) > 0 && !tids_excluded(tid);
}

void tids_forget(void)
{
	list = entries_array = (struct array){NULL, 0};
	memset(excluded, 0, sizeof excluded);
}
