/*
 * change.h - what is different from an earlier dump of the same process.
 */
#ifndef LEAKWATCH_CHANGE_H
#define LEAKWATCH_CHANGE_H

#include "analyzer/group.h"

struct change {
	const struct dump *since;
	struct groups *groups; /* of that dump */
};

/* Whether both dumps are of one process, and of one program, which an exec changes: pid, start and name. Not if either
 * does not say. */
bool change_same_process(const struct dump *one, const struct dump *other);

/* Threads that the group had then; 0 if it was not there. */
uint64_t change_count_then(const struct change *change, const struct group *group);

/* "+12" or "-3" or "+0": the group now against then. */
const char *change_sign(struct pool *pool, uint64_t now, uint64_t then);

/* "dump 2 (60 s before)" */
const char *change_since_words(
	struct pool *pool, const struct change *change, const struct dump *now);

/* The groups that were there then and are not in now, by falling count. */
const struct group **change_gone(
	const struct change *change, const struct groups *now, struct pool *pool, size_t *count);

#endif
