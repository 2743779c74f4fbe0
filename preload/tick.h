/*
 * tick.h - the watcher's short look between dumps: it gives each wait its age, and finds out waits that were left
 * unseen.
 */
#ifndef LEAKWATCH_TICK_H
#define LEAKWATCH_TICK_H

/* One tick. About 10 ns a thread whose wait goes on, and a bounded number of reads of /proc. Watcher only. */
void tick(void);

/* In the child of a fork: starts over. */
void tick_forget(void);

#endif
