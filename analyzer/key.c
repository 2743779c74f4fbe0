/*
 * key.c - the word, then identity and offset of each frame, each ended by a NUL or of fixed size.
 */
#include "analyzer/key.h"
#include "analyzer/place.h"

#include <string.h>

struct key key_of_stack(
	const struct dump *dump, const char *word, const struct stack *stack, struct pool *pool)
{
	size_t bytes = strlen(word) + 1;
	struct place *places = pool_array(pool, stack->depth + 1, sizeof(*places));
	for (unsigned i = 0; i < stack->depth; i++) {
		places[i] = place_of_return(dump, stack->address[i]);
		bytes += strlen(place_module_identity(&places[i])) + 1 + sizeof(places[i].offset);
	}
	char *key = pool_alloc(pool, bytes);
	char *to = stpcpy(key, word) + 1;
	for (unsigned i = 0; i < stack->depth; i++) {
		to = stpcpy(to, place_module_identity(&places[i])) + 1;
		to = mempcpy(to, &places[i].offset, sizeof(places[i].offset));
	}
	return (struct key){key, bytes};
}

/* FNV-1a. */
uint64_t key_hash(struct key key)
{
	uint64_t hash = 0xcbf29ce484222325;
	for (size_t i = 0; i < key.count; i++)
		hash = (hash ^ (unsigned char)key.bytes[i]) * 0x100000001b3;
	return hash;
}
