/*
 * summary.h - the first lines of a report, for a person who is tired.
 */
#ifndef LEAKWATCH_SUMMARY_H
#define LEAKWATCH_SUMMARY_H

#include "analyzer/report.h"

#include <stdio.h>

/* Prints the process, the counts, the three largest groups, the change and what was lost; each line
 * begins with "# ". */
void summary_print(const struct report *report, FILE *out);

/* "2000 threads waiting on a condition variable in chan_recv (channel.c:87), created by main
 * (leaklab.c:40), oldest 3 s". tracer is of the dump that the group belongs to. */
const char *summary_of_group(const struct tracer *tracer, const struct group *group);

#endif
