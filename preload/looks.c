/*
 * looks.c - reads slots by their protocol (slot.h) and keeps what was found.
 */
#include "preload/looks.h"
#include "preload/proc.h"

#include <string.h>

void look_note(struct slot *slot, const struct wait *wait, uint64_t now_ns)
{
	if (slot->seen.id != slot->id) {
		slot->seen.id = slot->id;
		slot->seen.entry = UINT64_MAX;
		slot->seen.stack = NULL;
		slot->seen.stable_stack = NULL;
		slot->seen.exited_ns = 0;
		slot->seen.name_read = false;
		slot->seen.left_word = slot->seen.ran_word = 0;
	}
	if (!wait || slot->seen.entry == wait->entry)
		return;
	slot->seen.entry = wait->entry;
	slot->seen.since_ns = now_ns;
	slot->seen.checked = false;
}

uint64_t look_recorded(struct slot *slot, struct wait *wait)
{
	uint64_t word = atomic_load_explicit(&slot->word, memory_order_acquire);
	uint64_t depth = word & SLOT_DEPTH_MASK;
	if (!depth || depth > SLOT_NESTING)
		return 0;
	const struct wait *record = &slot->waits[depth - 1];
	if (atomic_load_explicit(&record->entry, memory_order_acquire) == WAIT_UNFILLED)
		return 0;
	*wait = *record;
	return word;
}

bool look_left(const struct slot *slot, uint64_t word)
{
	return slot->seen.left_word == word && slot->seen.id == slot->id;
}

uint64_t look_wait(struct slot *slot, struct wait *wait)
{
	uint64_t word = look_recorded(slot, wait);
	return word && look_left(slot, word) ? 0 : word;
}

bool look_unmoved(struct slot *slot, uint64_t word)
{
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&slot->word, memory_order_relaxed) == word;
}

void look_at_name(struct slot *slot)
{
	char name[SLOT_NAME_BYTES];
	if (!proc_name_read(slot->tid, name))
		return;
	memcpy(slot->name, name, sizeof name);
	slot->seen.name_read = true;
}
