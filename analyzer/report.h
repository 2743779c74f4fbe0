/*
 * report.h - all that a report is made of: one dump, understood, and what changed since others.
 *
 * cmd_report.c fills it, judges fill the verdicts, renderers print it and change nothing.
 */
#ifndef LEAKWATCH_REPORT_H
#define LEAKWATCH_REPORT_H

#include "analyzer/change.h"
#include "analyzer/remains.h"
#include "analyzer/trace.h"

#define CHANGES_MAX 2

struct report {
	const struct dump *dump; /* the newest */
	struct groups *groups;
	struct remains *remains;
	struct change
		changes[CHANGES_MAX]; /* since the dump before it, and since the first given */
	unsigned change_count; /* 0: one dump was given */
	struct tracer tracer; /* its pool is the report's */
};

#endif
