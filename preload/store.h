/*
 * store.h - where dumps go: a directory, a temporary name, a rename.
 *
 * Watcher only. Whatever goes wrong is counted and tried again with the next dump: the host runs on.
 */
#ifndef LEAKWATCH_STORE_H
#define LEAKWATCH_STORE_H

#include "preload/text.h"

#include <stdbool.h>
#include <stdint.h>

/* Names the process whose dumps these are, and forgets an open directory (of before a fork). */
void store_begin(const char *process_name, int pid, uint64_t start_ticks);

/* The directory, opened or made: config.directory, or /tmp/leakwatch-UID of the effective user, which must
 * be a directory of that user's that no one else can write (no link). Negative errno on failure. */
int store_directory(void);

/* Looks for the directory again by its name, at the next use. */
void store_forget(void);

/* The directory's path, as of the last store_directory(). */
const char *store_path(void);

/*
 * Writes text as dump number sequence and removes the one that is older than the newest config.keep.
 * path, of at least STORE_PATH_BYTES, receives the file's name. 0, or a negative errno; nothing is left
 * behind then.
 */
#define STORE_PATH_BYTES 768
int store_dump(const struct text *text, uint64_t sequence, char *path);

/* Since the process started: dumps not written; directories refused or missing. */
extern uint64_t store_unwritten, store_refused;

#endif
