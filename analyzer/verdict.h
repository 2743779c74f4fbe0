/*
 * verdict.h - what is said of a group, and why.
 */
#ifndef LEAKWATCH_VERDICT_H
#define LEAKWATCH_VERDICT_H

#include <stddef.h>

struct verdict {
	const char *word; /* "none": nothing is said */
	const char *certainty; /* "proven", "likely" or "none" */
	const char **evidence; /* sentences */
	size_t evidence_count;
};

#define VERDICT_NONE ((struct verdict){.word = "none", .certainty = "none"})

#endif
