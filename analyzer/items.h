/*
 * items.h - what leakwatch diff compares: a dump's groups of blocked threads, of threads that were not joined,
 * and of timers, each with a key that is the same in other runs.
 */
#ifndef LEAKWATCH_ITEMS_H
#define LEAKWATCH_ITEMS_H

#include "analyzer/group.h"
#include "analyzer/remains.h"
#include "analyzer/suppress.h"
#include "analyzer/trace.h"

struct item {
	struct key key;
	uint64_t count;
	uint64_t *
		ids; /* of its threads or timers, ascending, as far as known: in its process never used again */
	size_t id_count;
	const struct group *group; /* one of the three is not NULL */
	const struct unjoined_group *unjoined;
	const struct timer_group *timers;
};

struct items {
	struct item *list; /* groups, then unjoined threads, then timers; each by falling count */
	size_t count;
	struct tracer tracer;
	struct groups *groups; /* what the items of groups are in */
	struct table *by_key;
};

/* The items of tracer->dump; without what rules hold back, and count (NULL: no rules). In the tracer's pool, and until
 * items_clear(). */
void items_fill(struct items *items, const struct tracer *tracer, const struct suppressions *rules);
void items_clear(struct items *items);

/* The item with the same key; NULL if there is none. */
const struct item *items_find(const struct items *items, const struct item *like);

/* How many of its threads or timers are in both. Of dumps of one process only. */
size_t item_same(const struct item *one, const struct item *other);

/* "2000 threads waiting on a condition variable in chan_recv (channel.c:87), ..." */
const char *item_words(const struct items *items, const struct item *item);

#endif
