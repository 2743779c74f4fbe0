/*
 * heap.h - the memory of glibc's malloc, as blocks (blocks.h).
 *
 * Understood are the main heap, the heaps of other arenas, and blocks with mappings of their own; each only if all of
 * it holds together: see heap.c. What does not is left alone, and is then the caller's to distrust. Blocks that were
 * freed are told from those in use where that is certain; a freed block that is not recognised counts as in use.
 *
 * In the child of picture.h: reads the memory directly, so no other thread may run.
 */
#ifndef LEAKWATCH_HEAP_H
#define LEAKWATCH_HEAP_H

#include "preload/space.h"

/* Bytes of a block before what malloc() returned. The block that a pointer p belongs to is the one that holds p -
 * HEAP_HEADER_BYTES. */
#define HEAP_HEADER_BYTES 16

/* Whether this version of glibc is one that is understood. */
bool heap_is_known(void);

/* Adds the regions of all heaps that are understood, and sorts them. data and data_end bound libc's image. False when
 * memory is short. */
bool heap_read(const struct space *space, uintptr_t data, uintptr_t data_end);

/* Calls note for malloc's own records, which point to freed memory, and to nothing of the program's. */
void heap_each_record(void (*note)(void *context, uintptr_t start, uintptr_t end), void *context);

#endif
