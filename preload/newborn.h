/*
 * newborn.h - the slot of a thread that was created and has not run yet.
 *
 * Such a thread cannot have said which slot it has (slot_self), and may be joined or detached already.
 */
#ifndef LEAKWATCH_NEWBORN_H
#define LEAKWATCH_NEWBORN_H

#include <pthread.h>
#include <stdbool.h>

struct slot;

/* Once, from the constructor. */
void newborn_init(void);

/* The slot that a thread by this handle was created with; NULL if it was created without one, or that cannot be
 * told. The handle must be valid. True of a thread that has not begun when the caller looks afterwards: of others
 * the slot may be somebody else's. Any thread, any time. */
struct slot *newborn_find(pthread_t thread);

/* From a created thread, as it begins with its slot: whether newborn_find() finds threads like it. Tried with the
 * first of them, then remembered. */
bool newborn_told(const struct slot *slot);

#endif
