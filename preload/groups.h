/*
 * groups.h - threads with one stack and one kind of wait, counted together.
 *
 * Watcher only; one set of groups, that of the snapshot being taken.
 */
#ifndef LEAKWATCH_GROUPS_H
#define LEAKWATCH_GROUPS_H

#include "preload/contract/dump.h"

#include <stdbool.h>
#include <stdint.h>

struct sighting;
struct stack;

struct group {
	struct stack *stack; /* NULL: none could be read */
	enum wait_kind kind;
	int timed; /* as in struct sighting, with the two below */
	bool from_proc, partial;
	int guessed;
	uint32_t count;
	uint32_t number; /* from 1, in falling order of count */
	uint32_t next; /* of the groups that share its stack: index + 1 */
};

/* Forgets the groups of the last snapshot; while their stacks are still there. */
void groups_begin(void);

/* Puts the thread into its group, and the group's index into the thread. False when memory is short. */
bool groups_join(struct sighting *thread);

struct group *groups_at(uint32_t index);
uint32_t groups_count(void);

/* Numbers them; the indexes by falling count, NULL when memory is short. Valid until groups_begin(). */
uint32_t *groups_order(void);

/* In the child of a fork: starts over. */
void groups_forget(void);

#endif
