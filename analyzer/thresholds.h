/*
 * thresholds.h - from when on a verdict speaks: the numbers of thresholds.def, and other ones by option or environment.
 *
 * Ages are measured by the watcher's tick, so no age below two ticks is trusted, whatever the numbers are.
 */
#ifndef LEAKWATCH_THRESHOLDS_H
#define LEAKWATCH_THRESHOLDS_H

#include "analyzer/reader.h"

#include <stdint.h>

struct thresholds {
#define THRESHOLD(member, name, unit, value) uint64_t member;
#include "analyzer/thresholds.def"
#undef THRESHOLD
};

extern const struct thresholds thresholds_default;

/* Sets one or several, by "NAME=VALUE" with commas between them. -1 with a complaint at the first that is not known,
 * or whose value is no number; those before it are set. */
int thresholds_set(struct thresholds *thresholds, const char *text, struct complaint *complaint);

/* The defaults, with those of $LEAKWATCH_THRESHOLDS. -1 with a complaint. */
int thresholds_get(struct thresholds *thresholds, struct complaint *complaint);

#endif
