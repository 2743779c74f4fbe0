/*
 * sleep.h - how long a recorded sleep is to last: as the wait's object, the number itself or where it stands.
 *
 * A struct timespec lies at an even address, so an odd object is a number of microseconds. The one of a thread
 * that sleeps is mostly in its stack, which is frozen meanwhile.
 */
#ifndef LEAKWATCH_SLEEP_H
#define LEAKWATCH_SLEEP_H

#include "preload/peek.h"

#include <stdint.h>
#include <time.h>

#define SLEEP_UNKNOWN 0u

static inline uint64_t sleep_at(const struct timespec *time)
{
	return (uintptr_t)time & 1 ? SLEEP_UNKNOWN : (uintptr_t)time;
}

static inline uint64_t sleep_of_us(uint64_t us)
{
	return us << 1 | 1;
}

/* In nanoseconds; 0: not known. Watcher only. */
static inline uint64_t sleep_length_ns(uint64_t object)
{
	struct timespec time;
	if (object & 1)
		return (object >> 1) * 1000;
	if (object == SLEEP_UNKNOWN || peek(&time, object, sizeof time) != (long)sizeof time ||
		time.tv_sec < 0 || time.tv_nsec < 0)
		return 0;
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

#endif
