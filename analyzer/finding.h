/*
 * finding.h - a verdict and whom it is about: threads, a group of unjoined threads, or a group of timers.
 */
#ifndef LEAKWATCH_FINDING_H
#define LEAKWATCH_FINDING_H

#include "analyzer/group.h"
#include "analyzer/remains.h"

struct finding {
	const char *word; /* "deadlock" */
	const char *certainty; /* one of verdict.h */
	struct rows evidence; /* const char *: sentences, each a whole one */
	struct rows threads; /* const struct dump_thread *: the accused */
	struct rows behind; /* likewise: those that wait for them and are not accused */
	struct unjoined_group *unjoined; /* NULL: it is about others */
	struct timer_group *timers; /* likewise */
	uint64_t count; /* of threads or timers */
	struct measured oldest_ns;
	bool foremost; /* it stands before all that are as sure */
	const char *hint; /* how such a thing is fixed, in a sentence; NULL: not said */
};

struct findings {
	struct finding **
		list; /* proven before likely before hints; then the foremost, then by falling count */
	size_t count;
};

void finding_say(struct finding *finding, struct pool *pool, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The thread behind an index of finding->threads or finding->behind. */
const struct dump_thread *finding_thread(const struct rows *threads, size_t index);

/* As a verdict of a group. */
struct verdict finding_verdict(const struct finding *finding);

/* Whether it counts as a leak or a hang, and not as a hint. */
bool finding_accuses(const struct finding *finding);

/* Whether it is told of without being asked for: accusations, and what is over. */
bool finding_is_told(const struct finding *finding);

/* What the stacks of its threads, or of its unjoined ones, take; not known of timers. */
struct measured finding_stack_bytes(const struct finding *finding);

/* Whether one is surer than the other; or as sure and foremost, or about more. */
bool finding_precedes(const struct finding *one, const struct finding *other);

/* By certainty, what is foremost, count, then the order in which they were found. */
void findings_sort(struct findings *findings);

#endif
