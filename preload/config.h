/*
 * config.h - what the environment asks for, read once by the constructor and constant from then on.
 */
#ifndef LEAKWATCH_CONFIG_H
#define LEAKWATCH_CONFIG_H

#include "preload/contract/environment.h"

#include <stdbool.h>
#include <stdint.h>

struct config {
	char directory[ENVIRONMENT_DIRECTORY_BYTES]; /* LEAKWATCH_DIR; empty: /tmp/leakwatch-UID */
	uint64_t interval_ns; /* LEAKWATCH_INTERVAL, seconds; 0: no dumps by interval */
	uint64_t tick_ns; /* LEAKWATCH_TICK, seconds: the resolution of ages */
	uint32_t keep; /* LEAKWATCH_KEEP: dumps of a process kept; 0: all */
	uint64_t
		exit_grace_ns; /* LEAKWATCH_EXIT_GRACE, seconds: that the last dump waits for threads to end */
	bool at_exit; /* LEAKWATCH_AT_EXIT=1 */
	uint64_t
		prove_limit_ns; /* LEAKWATCH_PROVE_LIMIT, seconds: that a proof may think about a picture */
	uint32_t
		prove_every; /* LEAKWATCH_PROVE_EVERY: of the dumps by interval, each so-many-th; 0: none */
	bool prove_exit; /* LEAKWATCH_PROVE_EXIT=1: the last dump, too */
	bool off; /* LEAKWATCH_OFF=1: no watcher, hence no dumps */
};

extern struct config config;

/* From the constructor. A value that cannot be read leaves its default. */
void config_read(void);

/* Decimal seconds ("60", "0.5") -> nanoseconds; false, and *ns untouched, when text is anything else
 * or more than ENVIRONMENT_SECONDS_MAX. */
bool config_seconds(const char *text, uint64_t *ns);

#endif
