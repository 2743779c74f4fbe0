/*
 * judge.h - who says what a group means. Each judge_NAME.c sets verdicts of the report's groups and
 * remains; judge_report() calls them in the order in which a stronger word replaces a weaker one.
 */
#ifndef LEAKWATCH_JUDGE_H
#define LEAKWATCH_JUDGE_H

#include "analyzer/report.h"

/* Before it, every verdict is VERDICT_NONE. */
void judge_report(struct report *report);

#endif
