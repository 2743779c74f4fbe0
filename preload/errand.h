/*
 * errand.h - something that needs a whole thread of libc's, and may wait for the host for ever.
 *
 * The watcher goes itself: it is the one thread of ours that libc knows. If it is not back in time, a deputy goes on
 * in its place, with its stack and all that it was about to do, until the watcher comes back and relieves it.
 *
 * Watcher only.
 */
#ifndef LEAKWATCH_ERRAND_H
#define LEAKWATCH_ERRAND_H

#include <stdbool.h>

/* Calls run() on another stack. True when it has come back in time. False if it has not, or could not go: a caller
 * that is a deputy from then on does not send another. */
bool errand_run(void (*run)(void), unsigned ms);

/* Where the caller is such a deputy and the watcher is back: the watcher goes on from here. To be called now and
 * then. */
void errand_relieve(void);

/* The caller is about to end for good: a watcher that is late ends as well. */
void errand_end(void);

/* Waits until nobody is away on one, that long at most. False if somebody still is. Any thread, any time. */
bool errand_await(unsigned ms);

/* In the child of a fork: nobody is. */
void errand_forget(void);

#endif
