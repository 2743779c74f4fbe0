/*
 * arena.c - private memory: mappings for all, and a small allocator for the watcher.
 *
 * Pieces come in power-of-two classes from 32 bytes to 1 MiB, cut from 1 MiB chunks; a freed piece
 * goes to its class's list. Larger pieces are mappings of their own. That is all uthash needs, whose
 * tables double, and it cannot fragment beyond a factor of two.
 */
#include "preload/arena.h"
#include "preload/sys.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define CHUNK_BYTES ((size_t)1 << 20)
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#define PAGE_BYTES  ((size_t)4096)
#define CLASS_FIRST 5 /* 32 bytes */
#define CLASSES	    16
#define MAPPINGS    4096u

struct piece {
	struct piece *next;
};

/* Written by any thread. A row is free while its start is 0; who takes it by compare-and-swap fills in the
 * end. A mapping that finds no row is not remembered. */
static _Atomic size_t mapped_bytes;
static struct {
	_Atomic uintptr_t start, end;
} mappings[MAPPINGS];

/* The watcher's alone. */
static struct {
	struct piece *freed[CLASSES];
	char *next, *end;
} arena;

static uint32_t mapping_row(uintptr_t start, uint32_t step)
{
	return ((uint32_t)(start >> 12) * 2654435761u + step) % MAPPINGS;
}

static void mapping_add(uintptr_t start, size_t bytes)
{
	for (uint32_t step = 0; step < MAPPINGS; step++) {
		uint32_t row = mapping_row(start, step);
		uintptr_t none = 0;
		if (!mappings[row].start &&
			atomic_compare_exchange_strong(&mappings[row].start, &none, start)) {
			mappings[row].end = start + bytes;
			return;
		}
	}
}

static void mapping_drop(uintptr_t start)
{
	for (uint32_t step = 0; step < MAPPINGS; step++) {
		uint32_t row = mapping_row(start, step);
		if (mappings[row].start == start) {
			mappings[row].end = 0;
			mappings[row].start = 0;
			return;
		}
	}
}

void arena_each(void (*note)(void *context, uintptr_t start, uintptr_t end), void *context)
{
	for (uint32_t row = 0; row < MAPPINGS; row++)
		if (mappings[row].start && mappings[row].end)
			note(context, mappings[row].start, mappings[row].end);
}

/* A host that has all its future memory locked means its own: ours would be touched at once, tables of
 * megabytes that are hardly used. What is mapped without access is not touched, and can be unlocked. */
void *arena_map(size_t bytes)
{
	long at = sys_reserve(bytes);
	if (at < 0)
		return NULL;
	sys_call2(SYS_munlock, at, (long)bytes);
	if (sys_call3(SYS_mprotect, at, (long)bytes, PROT_READ | PROT_WRITE) < 0) {
		sys_call2(SYS_munmap, at, (long)bytes);
		return NULL;
	}
	atomic_fetch_add_explicit(&mapped_bytes, bytes, memory_order_relaxed);
	mapping_add((uintptr_t)at, bytes);
	sys_call3(SYS_madvise, at, (long)bytes, MADV_DONTDUMP);
	return (void *)at;
}

void arena_populate(void *address, size_t bytes)
{
	uintptr_t start = (uintptr_t)address & ~(uintptr_t)(PAGE_BYTES - 1);
	uintptr_t end =
		((uintptr_t)address + bytes + PAGE_BYTES - 1) & ~(uintptr_t)(PAGE_BYTES - 1);
	sys_call3(SYS_madvise, (long)start, (long)(end - start), MADV_POPULATE_WRITE);
}

void arena_unmap(void *memory, size_t bytes)
{
	mapping_drop((uintptr_t)memory);
	sys_call2(SYS_munmap, (long)memory, (long)bytes);
	atomic_fetch_sub_explicit(&mapped_bytes, bytes, memory_order_relaxed);
}

size_t arena_bytes(void)
{
	return atomic_load_explicit(&mapped_bytes, memory_order_relaxed);
}

static unsigned class_of(size_t bytes)
{
	unsigned class = 0;
	while (((size_t)1 << (class + CLASS_FIRST)) < bytes)
		class ++;
	return class;
}

static char *piece_cut(size_t bytes)
{
	if ((size_t)(arena.end - arena.next) < bytes) {
		char *chunk = arena_map(CHUNK_BYTES);
		if (!chunk)
			return NULL;
		arena.next = chunk;
		arena.end = chunk + CHUNK_BYTES;
	}
	char *piece = arena.next;
	arena.next += bytes;
	return piece;
}

void *arena_alloc(size_t bytes)
{
	unsigned class = class_of(bytes);
	if (class >= CLASSES)
		return arena_map(bytes);
	struct piece *piece = arena.freed[class];
	if (!piece)
		return piece_cut((size_t)1 << (class + CLASS_FIRST));
	arena.freed[class] = piece->next;
	return piece;
}

void arena_free(void *memory, size_t bytes)
{
	if (!memory)
		return;
	unsigned class = class_of(bytes);
	if (class >= CLASSES) {
		arena_unmap(memory, bytes);
		return;
	}
	struct piece *piece = memory;
	piece->next = arena.freed[class];
	arena.freed[class] = piece;
}

void arena_forget(void)
{
	memset(&arena, 0, sizeof arena);
}
