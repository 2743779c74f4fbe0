/*
 * array.c - doubling mappings of the arena.
 */
#include "preload/array.h"
#include "preload/arena.h"

#include <string.h>

#define ROOM_LEAST 65536

bool array_room(struct array *array, size_t count, size_t element)
{
	size_t bytes = count * element, room = array->room ? array->room : ROOM_LEAST;
	if (bytes <= array->room)
		return true;
	while (room < bytes)
		room *= 2;
	void *memory = arena_map(room);
	if (!memory)
		return false;
	if (array->memory) {
		memcpy(memory, array->memory, array->room);
		arena_unmap(array->memory, array->room);
	}
	*array = (struct array){memory, room};
	return true;
}
