/*
 * outlive.h - a thread of ours must not keep a process alive that would have ended without it.
 *
 * Two ends depend on how many threads there are. glibc counts the threads that it made, and the last of
 * them calls exit(0). The kernel ends a process with its last thread, however that ends.
 */
#ifndef LEAKWATCH_OUTLIVE_H
#define LEAKWATCH_OUTLIVE_H

#include <stdbool.h>

/* From the constructor: finds glibc's count. */
void outlive_init(void);

/* Takes a thread of ours, just made by pthread_create(), out of glibc's count. It may never return from
 * its start routine then, and ends, if at all, by outlive_end(). Called by a thread that glibc counts, so
 * that the process cannot have ended meanwhile. */
void outlive_uncount(void);

/* Ends the calling thread, which is ours, behind glibc's back: its stack stays mapped. */
_Noreturn void outlive_end(void);

/* Whether no thread of the host is left. Watcher only. */
bool outlive_host_gone(void);

#endif
