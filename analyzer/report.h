/*
 * report.h - all that a report is made of: one dump, understood, what changed since others, and what is to
 * be said of it.
 *
 * report_fill() makes it of dumps, judges add findings and verdicts, renderers print it and change nothing.
 */
#ifndef LEAKWATCH_REPORT_H
#define LEAKWATCH_REPORT_H

#include "analyzer/change.h"
#include "analyzer/dumps.h"
#include "analyzer/finding.h"
#include "analyzer/history.h"
#include "analyzer/relations.h"
#include "analyzer/remains.h"
#include "analyzer/suppress.h"
#include "analyzer/thresholds.h"
#include "analyzer/trace.h"

#define CHANGES_MAX 2

struct report {
	const struct dump *dump; /* the newest */
	struct groups *groups;
	struct remains *remains;
	struct relations *relations;
	struct history *history;
	struct thresholds thresholds;
	struct suppressions *suppressions; /* NULL: none, not even those that are built in */
	bool all; /* hints too, which accuse nobody */
	bool exit_counts; /* what is alive at exit is a leak */
	bool is_past; /* it is one of an earlier moment: judge_until() */
	struct change
		changes[CHANGES_MAX]; /* since the dump before it, and since the first given */
	unsigned change_count; /* 0: one dump was given */
	struct findings findings;
	struct tracer tracer; /* its pool is the report's */
};

/* A report of the newest of the dumps, not judged yet; the dumps and the symbols must outlive it. There must be at
 * least one dump. It starts zeroed but for thresholds, suppressions, all and exit_counts, which are the caller's. */
void report_fill(struct report *report, const struct dumps *dumps, struct symbols *symbols);
void report_clear(struct report *report);

#endif
