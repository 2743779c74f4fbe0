/*
 * verdicts.h - the findings of a report, for a person: worst and surest first.
 */
#ifndef LEAKWATCH_VERDICTS_H
#define LEAKWATCH_VERDICTS_H

#include "analyzer/report.h"

#include <stdio.h>

/* A paragraph for each finding, each line of which begins with "# "; or, where there is none, what was looked
 * for. */
void verdicts_print(const struct report *report, FILE *out);

/* "never woken (likely)" of a verdict that is not "none". */
const char *verdict_words(struct pool *pool, const struct verdict *verdict);

#endif
