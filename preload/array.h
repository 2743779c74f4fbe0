/*
 * array.h - arrays that grow, in private memory, and last from dump to dump.
 *
 * Watcher only. Start zeroed.
 */
#ifndef LEAKWATCH_ARRAY_H
#define LEAKWATCH_ARRAY_H

#include <stdbool.h>
#include <stddef.h>

struct array {
	void *memory;
	size_t room; /* bytes */
};

/* Room for count elements; what was there stays, and moves. False when memory is short. */
bool array_room(struct array *array, size_t count, size_t element);

#endif
