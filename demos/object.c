/*
 * object.c - calloc and free with a count of what is alive.
 */
#include "demos/object.h"

#include <err.h>
#include <stdatomic.h>
#include <stdlib.h>

static _Atomic size_t live;

void *object_alloc(size_t bytes)
{
	void *object = calloc(1, bytes);
	if (!object)
		err(EXIT_FAILURE, "an object of %zu bytes", bytes);
	atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
	return object;
}

void object_free(void *object)
{
	free(object);
	atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
}

size_t object_count(void)
{
	return atomic_load_explicit(&live, memory_order_relaxed);
}
