/*
 * worker.h - starts threads as Go starts goroutines: detached, and small enough for thousands.
 */
#ifndef LEAKWATCH_DEMO_WORKER_H
#define LEAKWATCH_DEMO_WORKER_H

#define WORKER_STACK_BYTES (64 * 1024)

/* Starts routine(argument) in a detached thread with a stack of WORKER_STACK_BYTES. Returns 0 or the
 * error of pthread_create(). Nobody can join it: use a wait group. */
int worker_start(void *(*routine)(void *), void *argument);

#endif
