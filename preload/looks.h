/*
 * looks.h - what the watcher finds when it looks at a slot, and what it remembers of it until the next look.
 *
 * Watcher only. The memory is the slot's `seen`.
 */
#ifndef LEAKWATCH_LOOKS_H
#define LEAKWATCH_LOOKS_H

#include "preload/slot.h"

/* The wait that the slot says it is in, with the word that it was read under; 0 when it is in none. */
uint64_t look_recorded(struct slot *slot, struct wait *wait);

/* Whether the thread was found outside of the wait that it is in by this word. */
bool look_left(const struct slot *slot, uint64_t word);

/* The wait that it is in, as far as was found: recorded, and not left. */
uint64_t look_wait(struct slot *slot, struct wait *wait);

/* Whether the word is still the same: what was read of the thread since belongs to that wait. */
bool look_unmoved(struct slot *slot, uint64_t word);

/* Notes which wait the slot is in (NULL: none); what was noted of an earlier one, or of the slot's earlier
 * thread, goes. */
void look_note(struct slot *slot, const struct wait *wait, uint64_t now_ns);

/* Reads the thread's name again: 4 us. */
void look_at_name(struct slot *slot);

#endif
