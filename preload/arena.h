/*
 * arena.h - the only memory that preload/ allocates: private anonymous mappings.
 *
 * Never the host's malloc: a hook that allocates recurses into the host's allocator, takes its locks
 * and changes its profile. Mappings are zeroed, left out of core dumps, and not found by garbage
 * collectors that scan the data segments of loaded libraries.
 */
#ifndef LEAKWATCH_ARENA_H
#define LEAKWATCH_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Maps bytes of zeroed memory, page-aligned. NULL where the kernel gives none. Any thread, any time,
 * also in a signal handler; errno is left alone. Never freed unless by arena_unmap(). */
void *arena_map(size_t bytes);
void arena_unmap(void *memory, size_t bytes);

/* Has the kernel back bytes from address with memory in one go, which takes a fifth of the time of touching page
 * after page. For what is about to be written, as a whole; in vain on kernels before 5.14. */
void arena_populate(void *address, size_t bytes);

/* Calls note for each mapping that lives: for who looks at the process's memory and must leave ours out. Some
 * are missing if there are very many, or if another thread maps meanwhile. */
void arena_each(void (*note)(void *context, uintptr_t start, uintptr_t end), void *context);

/* malloc and free for the watcher's own tables (uthash among them): power-of-two classes on mapped
 * chunks, freed pieces reused. Owned by the watcher thread; not locked, so no other thread may call
 * them. arena_alloc() returns NULL where arena_map() does. */
void *arena_alloc(size_t bytes);
void arena_free(void *memory, size_t bytes);

/* Bytes mapped so far, for the report of the tool's own cost. */
size_t arena_bytes(void);

/* In the child of a fork: the parent's watcher may have been in the middle of anything. The small pieces
 * are left where they are and new ones are cut from a new chunk. */
void arena_forget(void);

#endif
