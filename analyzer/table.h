/*
 * table.h - from a key of some bytes to a pointer. The only use of uthash in the analyzer.
 */
#ifndef LEAKWATCH_TABLE_H
#define LEAKWATCH_TABLE_H

#include <stddef.h>

struct table;

struct table *table_new(void);
void table_free(struct table *table); /* not what the values point to; NULL is allowed */

/* The value stored for a key; NULL if there is none. */
void *table_find(const struct table *table, const void *key, size_t bytes);

/* The place of the value for a key, made and set to NULL if the key is new. The key is copied. Valid
 * until table_free(). */
void **table_slot(struct table *table, const void *key, size_t bytes);

#endif
