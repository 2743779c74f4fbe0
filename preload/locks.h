/*
 * locks.h - what a lock of glibc says of itself: who owns it.
 *
 * Read from the lock's own memory, by the names of glibc's structures, where the glibc that runs is one
 * whose structures are known to be those of the headers. Watcher only.
 */
#ifndef LEAKWATCH_LOCKS_H
#define LEAKWATCH_LOCKS_H

#include <stdbool.h>
#include <stdint.h>

struct lock_state {
	int owner; /* kernel thread id; 0: nobody, or readers */
	uint64_t readers; /* that hold it; 0 of a mutex */
	bool shared; /* perhaps between processes: the owner may be another's thread */
};

/* False where it cannot be read or says nothing of its owner. */
bool mutex_state(uintptr_t mutex, struct lock_state *state);
bool rwlock_state(uintptr_t lock, struct lock_state *state);

#endif
