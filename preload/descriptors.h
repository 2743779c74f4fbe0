/*
 * descriptors.h - a table of descriptors that only threads of ours use.
 *
 * The host then sees none of what we open, closes none of it, and gets the numbers that it would have got;
 * and none of the host's files stays open because of us.
 */
#ifndef LEAKWATCH_DESCRIPTORS_H
#define LEAKWATCH_DESCRIPTORS_H

#include <stdbool.h>

/* Gives the calling thread an empty table of its own, but for the three numbers that libraries take for
 * granted. False if it cannot be had: the thread must not open anything then. */
bool descriptors_own(void);

#endif
