/*
 * ticker.h - a tick every period, from a POSIX timer, for one thread.
 *
 * The timer sends a real-time signal (SIGRTMIN) to the thread that made the ticker, and that thread
 * waits for it with sigwaitinfo(). So there is no handler and no helper thread, and no other thread
 * has its calls interrupted. As with Go's tickers, at most one tick waits for a slow receiver and the
 * rest are dropped: a timer has at most one signal pending.
 *
 * All calls belong to the thread that made the ticker, which can have one at a time; the thread must
 * not use SIGRTMIN otherwise. A ticker that is not stopped lives on: its timer keeps running even
 * after its thread has gone.
 */
#ifndef LEAKWATCH_DEMO_TICKER_H
#define LEAKWATCH_DEMO_TICKER_H

#include "demos/context.h"

#include <stdbool.h>
#include <stdint.h>

struct ticker;

/* Starts a ticker of the calling thread; the first tick comes after one period (at least 1 ns). NULL
 * with errno set where the kernel gives no timer. */
struct ticker *ticker_start(uint64_t period_ns);

/* Waits for a tick and returns true; false when the context is done. A cancellation wakes the
 * wait at once, a deadline that passes is seen at the next tick. */
bool ticker_next(struct ticker *ticker, struct context *context);

/* Deletes the timer and frees the ticker. */
void ticker_stop(struct ticker *ticker);

#endif
