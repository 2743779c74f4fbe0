/*
 * alive.c - counts by the slots, and not by the threads of a snapshot: one that was made and has not run yet is
 * there, too.
 */
#include "preload/alive.h"
#include "preload/slot.h"

static bool counts(const struct slot *slot, const struct scope *scope, int but_tid)
{
	uint32_t flags = atomic_load_explicit(&slot->flags, memory_order_acquire);
	return (flags & (SLOT_USED | SLOT_FOREIGN)) == SLOT_USED && slot->id != 1 &&
	       slot->tid != but_tid && !slot->ignored && scope_is_within(slot->made_in, scope);
}

uint64_t alive_count(const struct snapshot *snapshot, const struct scope *scope, int but_tid)
{
	uint64_t count = 0;
	for (uint32_t i = 0; i < slots_end(); i++) {
		const struct slot *slot = slot_at(i);
		count += slot && counts(slot, scope, but_tid);
	}
	for (uint32_t i = 0; i < snapshot->timer_count; i++)
		count +=
			snapshot->timers[i].id && scope_is_within(snapshot->timers[i].scope, scope);
	return count;
}
