/*
 * group.h - the threads of a dump with one stack and one kind of wait, made comparable.
 *
 * A dump's own groups are by address. Here the key is build id and offset of each frame and the kind of wait, so
 * that groups of different dumps, processes and hosts are equal when the code is.
 */
#ifndef LEAKWATCH_GROUP_H
#define LEAKWATCH_GROUP_H

#include "analyzer/dump.h"
#include "analyzer/key.h"
#include "analyzer/memory.h"
#include "analyzer/verdict.h"

/* Where some threads of a group were created. */
struct creation {
	const struct dump_creator *creator; /* NULL: not known */
	uint64_t count;
};

struct group {
	uint64_t fingerprint; /* a hash of the key, the same wherever the key is the same */
	uint64_t count;
	const char *wait;
	const char *source; /* NULL: not known, or its threads differ */
	struct measured timed; /* not known also where its threads differ */
	struct measured guessed, partial; /* the worst of its threads */
	struct stack stack; /* depth 0: not readable */
	const struct dump_thread **threads;
	size_t thread_count; /* may be below count where the dump lists fewer */
	struct measured objects; /* distinct ones */
	struct measured oldest_ns, newest_ns; /* ages of the wait */
	struct creation *creations; /* by falling count */
	size_t creation_count;
	struct verdict verdict;
	struct key key;
};

struct groups {
	struct group **list; /* by falling count; ties by the addresses as text, as Go does */
	size_t count;
	struct table *by_key;
};

/* The groups of a dump. They live until groups_free() and point into the dump and the pool. */
struct groups *groups_of_dump(const struct dump *dump, struct pool *pool);
void groups_free(struct groups *groups); /* NULL is allowed */

/* Takes threads away from a group, those of which WHICH says so, as if they had not been in the dump. The group may
 * be left empty. */
void group_take(struct group *group, bool (*which)(void *context, const struct dump_thread *thread),
	void *context, struct pool *pool);

/* The group of other groups with the same key; NULL if there is none. */
const struct group *groups_find(const struct groups *groups, const struct group *like);

#endif
