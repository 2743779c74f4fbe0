/*
 * errand.h - something that needs a whole thread of libc's, and may wait for the host for ever.
 *
 * The watcher goes itself: it is the one thread of ours that libc knows. If it is not back in time, a deputy goes on
 * in its place, with its stack and all that it was about to do, and whoever went ends when it comes back.
 *
 * Watcher only.
 */
#ifndef LEAKWATCH_ERRAND_H
#define LEAKWATCH_ERRAND_H

#include <stdbool.h>

/* Calls run() on another stack. True when it has come back in time. False if it has not, or could not go: a caller
 * that is a deputy from then on does not send another. */
bool errand_run(void (*run)(void), unsigned ms);

/* Waits until nobody is away on one, that long at most. False if somebody still is. Any thread, any time. */
bool errand_await(unsigned ms);

/* In the child of a fork: nobody is. */
void errand_forget(void);

#endif
