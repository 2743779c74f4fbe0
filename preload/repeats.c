/*
 * repeats.c - a few entries behind atomic pointers.
 *
 * Memory is bounded: when all the room for entries is used, those that stand stay.
 */
#include "preload/repeats.h"
#include "preload/arena.h"

#include <stdatomic.h>

#define PLACES	8u
#define ENTRIES 64u

struct repeat {
	struct trail trail;
	struct creator *creator;
	uintptr_t height; /* of the view, where the walk ended with it; else 0 */
	uint32_t kind;
};

static struct {
	_Atomic(struct repeat *) places[PLACES];
	_Atomic(struct repeat *) entries; /* ENTRIES of them */
	_Atomic uint32_t used;
} repeats;

static bool repeat_fits(const struct repeat *repeat, uint32_t kind,
	const struct registers *registers, const struct stack_view *view)
{
	uintptr_t height = view->high - view->low;
	return repeat->kind == kind && (!repeat->height || repeat->height == height) &&
	       trail_leads(&repeat->trail, registers, view->bytes, height);
}

struct creator *repeat_find(
	uint32_t kind, const struct registers *registers, const struct stack_view *view)
{
	for (unsigned i = 0; i < PLACES; i++) {
		const struct repeat *repeat =
			atomic_load_explicit(&repeats.places[i], memory_order_acquire);
		if (!repeat)
			break;
		if (repeat_fits(repeat, kind, registers, view))
			return repeat->creator;
	}
	return NULL;
}

static struct repeat *entry_take(void)
{
	struct repeat *entries = atomic_load_explicit(&repeats.entries, memory_order_acquire);
	if (!entries) {
		struct repeat *fresh = arena_map(ENTRIES * sizeof *fresh);
		if (!fresh)
			return NULL;
		if (atomic_compare_exchange_strong(&repeats.entries, &entries, fresh))
			entries = fresh;
		else
			arena_unmap(fresh, ENTRIES * sizeof *fresh);
	}
	if (atomic_load_explicit(&repeats.used, memory_order_relaxed) >= ENTRIES)
		return NULL;
	uint32_t index = atomic_fetch_add_explicit(&repeats.used, 1, memory_order_relaxed);
	return index < ENTRIES ? entries + index : NULL;
}

void repeat_keep(uint32_t kind, const struct trail *trail, const struct stack_view *view,
	bool bounded, struct creator *creator)
{
	if (trail->lost || !trail->count || (!trail->whole && !bounded))
		return;
	struct repeat *repeat = entry_take();
	if (!repeat)
		return;
	*repeat = (struct repeat){*trail, creator, bounded ? view->high - view->low : 0, kind};
	atomic_store_explicit(&repeats.places[(uint32_t)(repeat - repeats.entries) % PLACES],
		repeat, memory_order_release);
}

void repeats_forget(void)
{
	for (unsigned i = 0; i < PLACES; i++)
		repeats.places[i] = NULL;
	repeats.entries = NULL;
	repeats.used = 0;
}
