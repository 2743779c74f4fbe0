/*
 * rules.h - rules already worked out, by code address.
 *
 * One table for the process, read and filled by any thread at any time, signal handlers included.
 * Nobody ever waits: an entry that is being written is a miss, a rule that finds no room replaces
 * another. A rule is found only for the object that it was made for, known by the address of its
 * .eh_frame_hdr and by its end, so that an object loaded where another was is not stepped by the
 * other's rules.
 */
#ifndef LEAKWATCH_RULES_H
#define LEAKWATCH_RULES_H

#include "preload/cfi.h"

#include <stdbool.h>
#include <stdint.h>

/* Maps the table. Once, from the shim's constructor; without it nothing is ever kept or found. */
void rules_init(void);

/* False where none is kept; *rule may then hold anything. */
bool rules_find(uintptr_t pc, const struct module_place *place, struct rule *rule);
void rules_keep(uintptr_t pc, const struct module_place *place, const struct rule *rule);

/* Forgets the rules for addresses from start up to end: an object was unloaded. A rule that another
 * thread keeps at the same moment may stay. */
void rules_forget(uintptr_t start, uintptr_t end);

#endif
