/*
 * scopes.c - the table of scopes.
 *
 * A row is taken by compare-and-swap, filled, and then published. Two threads that begin the same new scope at the
 * same moment may make it twice: that does no harm, for scopes are compared by name.
 */
#include "preload/scopes.h"
#include "preload/arena.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#define ROWS 2048u /* twice as many, so that probes stay short */

enum { ROW_FREE, ROW_BUSY, ROW_READY };

struct row {
	_Atomic uint32_t state;
	struct scope scope;
};

static struct {
	_Atomic(struct row *) rows; /* mapped at the first scope */
	_Atomic uint32_t used;
	_Atomic uint64_t lost;
} scopes;

static struct row *rows_open(void)
{
	struct row *rows = atomic_load_explicit(&scopes.rows, memory_order_acquire);
	struct row *fresh = rows ? NULL : arena_map(ROWS * sizeof *fresh);
	if (!fresh || atomic_compare_exchange_strong(&scopes.rows, &rows, fresh))
		return rows ? rows : fresh;
	arena_unmap(fresh, ROWS * sizeof *fresh);
	return rows;
}

/* What finds room, to a terminated text. */
static void name_append(char to[static SCOPE_NAME_BYTES], const char *text)
{
	size_t length = strlen(to);
	while (length < SCOPE_NAME_BYTES - 1 && *text)
		to[length++] = *text++;
	to[length] = '\0';
}

static void name_make(
	char to[static SCOPE_NAME_BYTES], const struct scope *parent, const char *name)
{
	*to = '\0';
	if (parent) {
		name_append(to, parent->name);
		name_append(to, "/");
	}
	name_append(to, name);
}

static uint32_t name_hash(const char *name)
{
	uint32_t hash = 2166136261u;
	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return hash;
}

static bool scope_equals(
	const struct scope *scope, const struct scope *parent, const char name[SCOPE_NAME_BYTES])
{
	return scope->parent == parent && !strcmp(scope->name, name);
}

static void row_fill(struct row *row, uint32_t index, const struct scope *parent,
	const char name[static SCOPE_NAME_BYTES])
{
	row->scope.parent = parent;
	row->scope.index = index;
	memcpy(row->scope.name, name, SCOPE_NAME_BYTES);
	atomic_store_explicit(&row->state, ROW_READY, memory_order_release);
}

static bool row_take(struct row *row)
{
	uint32_t none = ROW_FREE;
	if (atomic_load_explicit(&scopes.used, memory_order_relaxed) >= SCOPES_MOST ||
		!atomic_compare_exchange_strong(&row->state, &none, ROW_BUSY))
		return false;
	atomic_fetch_add_explicit(&scopes.used, 1, memory_order_relaxed);
	return true;
}

const struct scope *scope_lose(void)
{
	atomic_fetch_add_explicit(&scopes.lost, 1, memory_order_relaxed);
	return NULL;
}

const struct scope *scope_within(const struct scope *parent, const char *text)
{
	char name[SCOPE_NAME_BYTES] = "";
	struct row *rows = rows_open();
	if (!rows)
		return scope_lose();
	name_make(name, parent, text);
	uint32_t hash = name_hash(name);
	for (uint32_t i = 0; i < ROWS; i++) {
		uint32_t index = (hash + i) % ROWS;
		struct row *row = &rows[index];
		uint32_t state = atomic_load_explicit(&row->state, memory_order_acquire);
		if (state == ROW_READY && scope_equals(&row->scope, parent, name))
			return &row->scope;
		if (state != ROW_FREE)
			continue;
		if (!row_take(row))
			return scope_lose();
		row_fill(row, index, parent, name);
		return &row->scope;
	}
	return scope_lose();
}

bool scope_is_within(const struct scope *scope, const struct scope *outer)
{
	if (!outer)
		return true;
	for (; scope; scope = scope->parent)
		if (scope == outer || !strcmp(scope->name, outer->name))
			return true;
	return false;
}

const struct scope *scope_at(uint32_t index)
{
	struct row *rows = atomic_load_explicit(&scopes.rows, memory_order_acquire);
	if (!rows || index >= ROWS ||
		atomic_load_explicit(&rows[index].state, memory_order_acquire) != ROW_READY)
		return NULL;
	return &rows[index].scope;
}

uint64_t scopes_lost(void)
{
	return atomic_load_explicit(&scopes.lost, memory_order_relaxed);
}
