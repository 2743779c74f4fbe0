/*
 * closing.h - whether closing a copy of one of the host's descriptors would take something from the host.
 *
 * The kernel keeps most of what goes with an open file by the file, or by the table of descriptors. Some of it by the
 * process: that ends when any thread of the process closes any copy, in whatever table.
 */
#ifndef LEAKWATCH_CLOSING_H
#define LEAKWATCH_CLOSING_H

#include <stdbool.h>

/* Whether this copy, in the calling thread's table, must stay open. May wait for a file system that does not answer.
 * Watcher and deputies only. */
bool closing_matters(int fd);

#endif
