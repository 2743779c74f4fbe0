/*
 * object.h - the demos' own heap objects, counted: what a leak leaves behind.
 *
 * Any thread may call these.
 */
#ifndef LEAKWATCH_DEMO_OBJECT_H
#define LEAKWATCH_DEMO_OBJECT_H

#include <stddef.h>

/* Allocates one zeroed object. Where memory is out, it says so on stderr and exits with 1. */
void *object_alloc(size_t bytes);

/* Frees an object of object_alloc(). */
void object_free(void *object);

/* How many objects are allocated and not freed. */
size_t object_count(void);

#endif
