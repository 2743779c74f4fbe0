/*
 * verdict.h - what is said of a group, and why.
 */
#ifndef LEAKWATCH_VERDICT_H
#define LEAKWATCH_VERDICT_H

#include <stddef.h>

/* How sure it is. Proven: the dump holds all that it takes. */
#define CERTAINTY_PROVEN "proven"
#define CERTAINTY_LIKELY "likely"
#define CERTAINTY_NONE	 "none"

struct verdict {
	const char *word; /* "none": nothing is said */
	const char *certainty; /* one of the above */
	const char **evidence; /* sentences */
	size_t evidence_count;
};

#define VERDICT_NONE ((struct verdict){.word = "none", .certainty = CERTAINTY_NONE})

#endif
