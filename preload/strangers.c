/*
 * strangers.c - tid -> the wait it was last seen in, and since when.
 */
#include "preload/strangers.h"
#include "preload/arena.h"

#define HASH_NONFATAL_OOM	     1
#define uthash_nonfatal_oom(element) ((element)->tid = 0)
#define uthash_malloc(bytes)	     arena_alloc(bytes)
#define uthash_free(memory, bytes)   arena_free(memory, bytes)
#include <uthash.h>

struct stranger {
	UT_hash_handle hh;
	int tid;
	uint64_t since_ns, noted_ns;
	struct proc_wait wait;
};

static struct stranger *table;

static void stranger_add(int tid, const struct proc_wait *wait, uint64_t now_ns)
{
	struct stranger *stranger = arena_alloc(sizeof *stranger);
	if (!stranger)
		return;
	stranger->tid = tid;
	stranger->since_ns = stranger->noted_ns = now_ns;
	stranger->wait = *wait;
	HASH_ADD_INT(table, tid, stranger);
	if (!stranger->tid)
		arena_free(stranger, sizeof *stranger);
}

uint64_t stranger_since(int tid, const struct proc_wait *wait, uint64_t now_ns)
{
	struct stranger *stranger;
	HASH_FIND_INT(table, &tid, stranger);
	if (!stranger) {
		stranger_add(tid, wait, now_ns);
		return now_ns;
	}
	if (!proc_wait_same(&stranger->wait, wait)) {
		stranger->wait = *wait;
		stranger->since_ns = now_ns;
	}
	stranger->noted_ns = now_ns;
	return stranger->since_ns;
}

void strangers_sweep(uint64_t before_ns)
{
	struct stranger *stranger, *next;
	HASH_ITER(hh, table, stranger, next)
	{
		if (stranger->noted_ns >= before_ns)
			continue;
		HASH_DEL(table, stranger);
		arena_free(stranger, sizeof *stranger);
	}
}

void strangers_forget(void)
{
	table = NULL;
}
