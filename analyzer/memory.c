/*
 * memory.c - pools: chunks from calloc, given out from front to back, freed together.
 */
#include "analyzer/memory.h"
#include "analyzer/commands.h"
#include "analyzer/say.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES (256 * 1024)

struct chunk {
	struct chunk *next;
	size_t used, room;
	_Alignas(max_align_t) char bytes[];
};

struct pool {
	struct chunk *first;
};

static _Noreturn void out_of_memory(void)
{
	warn("out of memory");
	exit(EXIT_UNUSABLE);
}

struct pool *pool_new(void)
{
	struct pool *pool = calloc(1, sizeof(*pool));
	if (!pool)
		out_of_memory();
	return pool;
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	while (pool->first) {
		struct chunk *chunk = pool->first;
		pool->first = chunk->next;
		free(chunk);
	}
	free(pool);
}

static void chunk_add(struct pool *pool, size_t bytes)
{
	size_t room = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
	struct chunk *chunk = calloc(1, sizeof(*chunk) + room);
	if (!chunk)
		out_of_memory();
	chunk->room = room;
	chunk->next = pool->first;
	pool->first = chunk;
}

void *pool_alloc(struct pool *pool, size_t bytes)
{
	size_t unit = _Alignof(max_align_t);
	if (bytes > SIZE_MAX / 2)
		out_of_memory();
	bytes = (bytes + unit - 1) / unit * unit;
	if (!pool->first || pool->first->room - pool->first->used < bytes)
		chunk_add(pool, bytes);
	void *memory = pool->first->bytes + pool->first->used;
	pool->first->used += bytes;
	return memory;
}

void *pool_array(struct pool *pool, size_t count, size_t item_bytes)
{
	size_t bytes;
	if (__builtin_mul_overflow(count, item_bytes, &bytes))
		out_of_memory();
	return pool_alloc(pool, bytes);
}

char *pool_text(struct pool *pool, const char *text)
{
	size_t bytes = strlen(text) + 1;
	return memcpy(pool_alloc(pool, bytes), text, bytes);
}

char *pool_print(struct pool *pool, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0)
		bug("vsnprintf refused '%s'", format);

	char *text = pool_alloc(pool, (size_t)length + 1);
	va_start(arguments, format);
	vsnprintf(text, (size_t)length + 1, format, arguments);
	va_end(arguments);
	return text;
}

void *rows_add(struct rows *rows, struct pool *pool)
{
	if (rows->count == rows->room) {
		size_t room = rows->room ? 2 * rows->room : 16;
		void *items = pool_array(pool, room, rows->item_bytes);
		if (rows->count)
			memcpy(items, rows->items, rows->count * rows->item_bytes);
		rows->items = items;
		rows->room = room;
	}
	return (char *)rows->items + rows->count++ * rows->item_bytes;
}
