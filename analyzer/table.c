/*
 * table.c - uthash behind two calls, so that its macros expand in one file.
 */
#include "analyzer/table.h"
#include "analyzer/memory.h"

#include <string.h>
#include <uthash.h>

struct entry {
	UT_hash_handle hh;
	void *value;
	char key[];
};

struct table {
	struct pool *pool;
	struct entry *entries;
};

struct table *table_new(void)
{
	struct pool *pool = pool_new();
	struct table *table = pool_alloc(pool, sizeof(*table));
	table->pool = pool;
	return table;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	HASH_CLEAR(hh, table->entries);
	pool_free(table->pool);
}

static struct entry *entry_find(const struct table *table, const void *key, size_t bytes)
{
	struct entry *entry;
	HASH_FIND(hh, table->entries, key, bytes, entry);
	return entry;
}

void *table_find(const struct table *table, const void *key, size_t bytes)
{
	struct entry *entry = entry_find(table, key, bytes);
	return entry ? entry->value : NULL;
}

void **table_slot(struct table *table, const void *key, size_t bytes)
{
	struct entry *entry = entry_find(table, key, bytes);
	if (!entry) {
		entry = pool_alloc(table->pool, sizeof(*entry) + bytes);
		memcpy(entry->key, key, bytes);
		HASH_ADD_KEYPTR(hh, table->entries, entry->key, bytes, entry);
	}
	return &entry->value;
}
