/*
 * repeats.h - the stacks at which something was created lately: most programs create their threads at a few places,
 * again and again.
 *
 * Any thread, any time, no lock. Entries are made once and never change; they are found through a few pointers that newer
 * entries take over.
 */
#ifndef LEAKWATCH_REPEATS_H
#define LEAKWATCH_REPEATS_H

#include "preload/registers.h"
#include "preload/trail.h"
#include "preload/view.h"

#include <stdint.h>

struct creator;

/* The creator that was kept for the same stack and kind; NULL if none was. view is the caller's live stack. */
struct creator *repeat_find(
	uint32_t kind, const struct registers *registers, const struct stack_view *view);

/* Keeps one whose trail is whole, or, with bounded, ended with the view. */
void repeat_keep(uint32_t kind, const struct trail *trail, const struct stack_view *view,
	bool bounded, struct creator *creator);

/* In the child of a fork: starts over. */
void repeats_forget(void);

#endif
