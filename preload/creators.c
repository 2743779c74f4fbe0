/*
 * creators.c - the table of creation stacks.
 *
 * Open addressing over pointers that are set once, by compare-and-swap, to a record that is complete.
 * Two threads that add the same stack at the same moment agree on the record of the first; the other
 * record is kept for the next stack.
 */
#include "preload/creators.h"
#include "preload/arena.h"
#include "preload/modules.h"
#include "preload/repeats.h"
#include "preload/slot.h"
#include "preload/walk.h"

#include <string.h>

#define PAGE_BYTES   4096u
#define OWN_FRAMES   4 /* of the shim, on top of every creation stack: at most */
#define RECORD_BYTES (sizeof(struct creator) + CREATOR_FRAMES * sizeof(uintptr_t))
#define PROBES	     64u
#define HASH_SEED    0xcbf29ce484222325ull
#define HASH_PRIME   0x100000001b3ull

static struct {
	_Atomic(struct creator *) rows[CREATORS];
	_Atomic(char *) records;
	_Atomic uint32_t used; /* of the records */
	_Atomic(struct creator *)
		spare; /* records made in vain, each with the next in its first frame */
	_Atomic uint64_t lost;
} creators;

bool address_is_own(uintptr_t address)
{
	static _Atomic uintptr_t own_start,
		own_end; /* stored with the same values by whoever is first */
	uintptr_t end = atomic_load_explicit(&own_end, memory_order_acquire);
	if (!end) {
		struct module_place own;
		if (!module_place_find((uintptr_t)address_is_own, &own))
			return false;
		atomic_store_explicit(&own_start, own.start, memory_order_relaxed);
		atomic_store_explicit(&own_end, end = own.end, memory_order_release);
	}
	return address < end && address >= atomic_load_explicit(&own_start, memory_order_relaxed);
}

/* The part of the calling thread's stack that is mapped for certain, from sp up. */
static struct stack_view stack_live(uintptr_t sp)
{
	struct slot *slot = slot_self;
	uintptr_t high = (sp | (PAGE_BYTES - 1)) + 1;
	if (slot_usable(slot) && sp >= slot->stack_low && sp < slot->stack_high)
		high = slot->stack_high;
	return (struct stack_view){(const unsigned char *)sp, sp, high, NULL};
}

/* The creating stack, as it is found. */
struct capture {
	struct stack_view view;
	struct trail trail;
	bool bounded; /* the walk ended with the stack of a created thread */
	bool partial; /* there is more of it */
	unsigned count;
	uintptr_t frames[CREATOR_FRAMES]; /* the host's */
};

static void stack_capture(const struct registers *registers, struct capture *capture)
{
	uintptr_t found[CREATOR_FRAMES + OWN_FRAMES];
	struct walk walk = {
		.frames = found, .room = CREATOR_FRAMES + OWN_FRAMES, .trail = &capture->trail};
	stack_walk(registers, HAVE_ALL, &capture->view, WALK_ALONE, &walk);

	capture->count = 0;
	for (unsigned i = 0; i < walk.count && capture->count < CREATOR_FRAMES; i++)
		if (!address_is_own(found[i] - 1))
			capture->frames[capture->count++] = found[i];
	/* A created thread's view ends where its start routine's caller begins: that is its whole. */
	struct slot *slot = slot_self;
	capture->bounded = walk.end == WALK_NEEDS_MORE && slot_usable(slot) &&
			   capture->view.high == slot->stack_high;
	capture->partial = walk.end != WALK_WHOLE && !capture->bounded;
}

static uint64_t stack_hash(enum creator_kind kind, const uintptr_t *frames, unsigned count)
{
	uint64_t hash = HASH_SEED ^ kind;
	for (unsigned i = 0; i < count; i++) {
		hash = (hash ^ frames[i]) * HASH_PRIME;
		hash ^= hash >> 29;
	}
	return hash;
}

/* Puts a list of records, as of spare, back. */
static void records_spare(struct creator *first)
{
	struct creator *last = first;
	while (last->frames[0])
		last = (struct creator *)last->frames[0];
	struct creator *head = atomic_load_explicit(&creators.spare, memory_order_relaxed);
	do {
		last->frames[0] = (uintptr_t)head;
	} while (!atomic_compare_exchange_weak(&creators.spare, &head, first));
}

static void record_spare(struct creator *record)
{
	if (!record)
		return;
	record->frames[0] = 0;
	records_spare(record);
}

/* The list is taken as a whole, so that nobody else's change of it can be mistaken for none. */
static struct creator *record_spared(void)
{
	if (!atomic_load_explicit(&creators.spare, memory_order_relaxed))
		return NULL;
	struct creator *first = atomic_exchange(&creators.spare, NULL);
	if (first && first->frames[0])
		records_spare((struct creator *)first->frames[0]);
	return first;
}

/* The next of the records, which are mapped together and touched one by one. */
static struct creator *record_next(void)
{
	struct creator *spared = record_spared();
	if (spared)
		return spared;
	char *records = atomic_load_explicit(&creators.records, memory_order_acquire);
	if (!records) {
		char *fresh = arena_map(RECORD_BYTES * CREATORS);
		if (!fresh)
			return NULL;
		if (atomic_compare_exchange_strong(&creators.records, &records, fresh))
			records = fresh;
		else
			arena_unmap(fresh, RECORD_BYTES * CREATORS);
	}
	uint32_t index = atomic_fetch_add_explicit(&creators.used, 1, memory_order_relaxed);
	return index < CREATORS ? (struct creator *)(records + index * RECORD_BYTES) : NULL;
}

static bool creator_matches(
	const struct creator *creator, const struct creator *key, const uintptr_t *frames)
{
	return creator->hash == key->hash && creator->kind == key->kind &&
	       creator->count == key->count &&
	       memcmp(creator->frames, frames, key->count * sizeof *frames) == 0;
}

static struct creator *record_make(const struct creator *key, const uintptr_t *frames)
{
	struct creator *record = record_next();
	if (!record)
		return NULL;
	memcpy(record, key, sizeof *record);
	memcpy(record->frames, frames, key->count * sizeof *frames);
	return record;
}

static struct creator *creator_find(const struct creator *key, const uintptr_t *frames)
{
	struct creator *made = NULL, *found = NULL;
	for (uint32_t probe = 0; probe < PROBES && !found; probe++) {
		_Atomic(struct creator *) *row = &creators.rows[(key->hash + probe) % CREATORS];
		struct creator *here = atomic_load_explicit(row, memory_order_acquire);
		if (!here) {
			made = made ? made : record_make(key, frames);
			if (!made)
				return NULL;
			if (atomic_compare_exchange_strong(row, &here, made))
				return made;
		}
		if (creator_matches(here, key, frames))
			found = here;
	}
	record_spare(made);
	return found;
}

/* The same from the stack, frame by frame. */
static __attribute__((noinline)) struct creator *creator_walked(
	enum creator_kind kind, const struct registers *registers, const struct stack_view *view)
{
	struct capture capture = {.view = *view};
	stack_capture(registers, &capture);
	struct creator key = {.hash = stack_hash(kind, capture.frames, capture.count),
		.kind = kind,
		.count = (uint16_t)capture.count,
		.partial = capture.partial};
	struct creator *creator = creator_find(&key, capture.frames);
	if (creator)
		repeat_keep(kind, &capture.trail, view, capture.bounded, creator);
	return creator;
}

struct creator *creator_of(enum creator_kind kind, const struct registers *registers)
{
	const struct stack_view view = stack_live(registers->sp);
	struct creator *creator = repeat_find(kind, registers, &view);
	if (!creator)
		creator = creator_walked(kind, registers, &view);
	if (creator)
		atomic_fetch_add_explicit(&creator->made, 1, memory_order_relaxed);
	else
		atomic_fetch_add_explicit(&creators.lost, 1, memory_order_relaxed);
	return creator;
}

struct creator *creator_inherit(const struct creator *parents)
{
	if (!parents)
		return NULL;
	struct creator key = {.hash = parents->hash,
		.kind = parents->kind,
		.count = parents->count,
		.partial = parents->partial};
	struct creator *creator = creator_find(&key, parents->frames);
	if (creator)
		creator->made++;
	return creator;
}

void creator_gone(struct creator *creator)
{
	if (creator)
		atomic_fetch_add_explicit(&creator->gone, 1, memory_order_relaxed);
}

void creator_unmade(struct creator *creator)
{
	if (creator)
		atomic_fetch_sub_explicit(&creator->made, 1, memory_order_relaxed);
}

struct creator *creator_at(uint32_t index)
{
	return atomic_load_explicit(&creators.rows[index], memory_order_acquire);
}

uint64_t creators_lost(void)
{
	return atomic_load_explicit(&creators.lost, memory_order_relaxed);
}

void creators_forget(void)
{
	repeats_forget();
	for (uint32_t row = 0; row < CREATORS; row++)
		if (creators.rows[row])
			creators.rows[row] = NULL;
	creators.records = NULL;
	creators.used = 0;
	creators.spare = NULL;
	creators.lost = 0;
}
