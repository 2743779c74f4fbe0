/*
 * strangers.h - threads in waits that no wrapper saw: remembered from look to look, so that their waits
 * have an age too.
 *
 * Watcher only. A table by thread id (uthash, on the arena).
 */
#ifndef LEAKWATCH_STRANGERS_H
#define LEAKWATCH_STRANGERS_H

#include "preload/proc.h"

/* Notes that tid is in wait at now_ns; returns when this very wait was first seen (now_ns if it is new, or
 * memory is short). */
uint64_t stranger_since(int tid, const struct proc_wait *wait, uint64_t now_ns);

/* Forgets those not noted since before_ns. */
void strangers_sweep(uint64_t before_ns);

/* In the child of a fork: the parent's watcher may have been in the middle of anything; starts over. */
void strangers_forget(void);

#endif
