/*
 * remains.h - what is left over of a creation stack's work: threads that finished and were not
 * joined, and timers that are alive; each grouped by where they were created.
 */
#ifndef LEAKWATCH_REMAINS_H
#define LEAKWATCH_REMAINS_H

#include "analyzer/dump.h"
#include "analyzer/memory.h"
#include "analyzer/verdict.h"

/* By creation stack and start routine. */
struct unjoined_group {
	const struct dump_creator *creator; /* NULL: not known */
	struct measured start;
	const struct dump_unjoined **threads;
	size_t count;
	struct measured stack_bytes; /* their sum, of those that were measured */
	struct measured oldest_ns;
	struct verdict verdict;
};

/* By creation stack and kind. */
struct timer_group {
	const struct dump_creator *creator; /* NULL: not known */
	const char *kind; /* NULL: not known */
	const struct dump_timer **timers;
	size_t count;
	struct measured oldest_ns;
	struct verdict verdict;
};

struct remains {
	struct unjoined_group *unjoined; /* by falling count */
	size_t unjoined_count;
	struct timer_group *timers; /* by falling count */
	size_t timer_count;
};

/* Lives in the pool and points into the dump. */
struct remains *remains_of_dump(const struct dump *dump, struct pool *pool);

#endif
