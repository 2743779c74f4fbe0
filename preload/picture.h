/*
 * picture.h - a copy of the process, made by the kernel page by page as it is written: a child to think in.
 *
 * The child is made by a bare clone: it sends no signal when it ends and no wait of the host's finds it, no handler
 * of fork runs, it has one thread, the least priority, and dies with the host. It must not use anything of
 * libc, and reports through memory that it shares with the watcher.
 *
 * Watcher only.
 */
#ifndef LEAKWATCH_PICTURE_H
#define LEAKWATCH_PICTURE_H

#include <stdbool.h>
#include <stdint.h>

/* Makes the child, which runs run(context) once it is let go, and ends. Its process id, or a negative errno. */
int picture_take(void (*run)(void *context), void *context);

/* Lets the child go, or ends it at once. */
void picture_go(void);
void picture_drop(int child);

enum picture_end { PICTURE_RUNS, PICTURE_DONE, PICTURE_DIED };

/* Whether it has ended; it is gone then. */
enum picture_end picture_look(int child);

/* In the child of a fork: starts over. */
void picture_forget(void);

#endif
