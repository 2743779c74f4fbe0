/*
 * alive.h - what is left of a scope: leakwatch.h, leakwatch_check().
 */
#ifndef LEAKWATCH_ALIVE_H
#define LEAKWATCH_ALIVE_H

#include "preload/scopes.h"
#include "preload/snapshot.h"

/* Threads that live, or finished and were not joined, and timers, of a scope and those within it (NULL: of the process);
 * without the main thread, the one of that kernel id, those that are to be ignored, and what was made unseen. The
 * snapshot was taken just before. Watcher only. */
uint64_t alive_count(const struct snapshot *snapshot, const struct scope *scope, int but_tid);

#endif
