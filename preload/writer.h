/*
 * writer.h - snapshot -> the text of a dump (docs/dump-format.md).
 */
#ifndef LEAKWATCH_WRITER_H
#define LEAKWATCH_WRITER_H

#include "preload/limits.h"
#include "preload/proc.h"
#include "preload/prover.h"
#include "preload/snapshot.h"
#include "preload/text.h"

/* What a dump says besides its snapshot. */
struct dump_facts {
	const struct proc_self *self;
	uint64_t sequence, time_ns, uptime_ns, tick_ns;
	uint64_t began_ns; /* CLOCK_MONOTONIC: took_ns counts from here */
	const char *reason;
	struct limits limits;
	const struct proving *proving; /* NULL: no proof was asked for */
};

/* Appends the whole dump, last line included. text->failed says if memory was short: it is not to be used
 * then. Watcher only. */
void dump_write(struct text *text, const struct snapshot *snapshot, const struct dump_facts *facts);

#endif
