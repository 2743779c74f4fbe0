/*
 * tids.h - the kernel's list of the process's threads, as a set; and which of them are ours.
 *
 * Watcher only.
 */
#ifndef LEAKWATCH_TIDS_H
#define LEAKWATCH_TIDS_H

#include <stdbool.h>
#include <stddef.h>

/* A thread of ours, to be left out of everything while it lives. */
void tids_exclude(int tid);

/* It has ended: its id may be a thread's of the host next. */
void tids_exclude_no_more(int tid);

bool tids_excluded(int tid); /* whether it is one */

/* How many of ours live. */
long tids_excluded_alive(void);

/* Lists the threads anew; returns how many there are, 0 when /proc does not say. *tids is valid until the
 * next list. */
size_t tids_list(const int **tids);

/* Takes a thread out of the set, as seen. False if it is not in the list. */
bool tids_claim(int tid);

/* Whether it is in the list, was not claimed, and is the host's. */
bool tids_stray(int tid);

/* In the child of a fork: starts over. */
void tids_forget(void);

#endif
