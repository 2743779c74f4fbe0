/*
 * polled.h - the descriptors in the array of a poll() or in the sets of a select() that a thread is in.
 *
 * Watcher only. The host's memory is read through the kernel, and may have changed since the thread was
 * looked at: what is said is then wrong, and the wait over.
 */
#ifndef LEAKWATCH_POLLED_H
#define LEAKWATCH_POLLED_H

#include "preload/contract/dump.h"

#include <stdint.h>

/*
 * The first room descriptors that thread tid waits for, in the order of the array or of their numbers; returns
 * how many there are. kind is WAIT_POLL or WAIT_SELECT, object its object. Negative: the thread is not in such
 * a call any more, or it cannot be read.
 */
long polled_members(int tid, enum wait_kind kind, uint64_t object, int *members, unsigned room);

#endif
