/*
 * scopes.h - the names under which threads and timers are made: leakwatch.h, leakwatch_scope_begin().
 *
 * A table that only grows, without a lock. A scope, once made, never changes and never goes.
 */
#ifndef LEAKWATCH_SCOPES_H
#define LEAKWATCH_SCOPES_H

#include <stdbool.h>
#include <stdint.h>

#define SCOPE_NAME_BYTES 128
#define SCOPES_MOST	 1000u

struct scope {
	const struct scope *parent; /* NULL: it is in none */
	uint32_t index; /* for scope_at() */
	char name[SCOPE_NAME_BYTES]; /* from the outermost: "outer/inner" */
};

/* The scope of that name within another, or within none (NULL). NULL when the table is full or memory is short, which
 * is counted. Any thread; errno is left alone. */
const struct scope *scope_within(const struct scope *parent, const char *name);

/* Counts one that was not to be had. NULL. */
const struct scope *scope_lose(void);

/* Whether one scope is another, or within it. Everything is within NULL. */
bool scope_is_within(const struct scope *scope, const struct scope *outer);

/* By its index; NULL if there is no such. */
const struct scope *scope_at(uint32_t index);

/* Scopes that could not be made, since the process started. */
uint64_t scopes_lost(void);

#endif
