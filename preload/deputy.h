/*
 * deputy.h - a thread for what may never come back, on behalf of the watcher.
 *
 * It is made by a system call alone, without the memory or the locks of the host, so it can be had at any time. It
 * is the kernel's thread only: it has the thread-local variables of the watcher, as they are, and the watcher's table
 * of descriptors. So it may make system calls and use memory of ours, and nothing else of libc.
 *
 * Watcher only.
 */
#ifndef LEAKWATCH_DEPUTY_H
#define LEAKWATCH_DEPUTY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct deputy {
	_Atomic int tid; /* 0: it has ended */
	int excluded; /* the same, in tids.h */
	char *stack;
};

/* Has a deputy call run(argument); it ends when that returns. False if it cannot be had. deputy stays where it is as
 * long as the deputy lives. */
bool deputy_start(struct deputy *deputy, void (*run)(void *argument), void *argument);

/* Waits until it has ended, that long at most; then its stack is unmapped. False if it lives on. */
bool deputy_await(struct deputy *deputy, unsigned ms);

/* Waits while *state has this value, that long at most. Also for deputies. */
void state_await(_Atomic int *state, int value, unsigned ms);

/* Changes *state from one value to another, and wakes who waits for that. False if it had another. */
bool state_change(_Atomic int *state, int from, int to);

#endif
