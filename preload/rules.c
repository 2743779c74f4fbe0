/*
 * rules.c - a table of rules, each entry one cache line under its own sequence number.
 *
 * A writer makes the number odd by compare-and-swap, fills the entry and makes it even again. A reader
 * copies the entry and believes the copy if the number was even before and is the same after. A writer
 * that finds the number odd gives up, so a thread that was interrupted or has died within an entry
 * costs that entry and nothing else. All words are relaxed atomics: no data race in C's sense, plain
 * moves in the machine's.
 */
#include "preload/rules.h"
#include "preload/arena.h"

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#define ENTRIES	   4096
#define NEIGHBOURS 4
#define WORDS	   7

#define RULE_WORD  3

/* The words of an entry: the pc (0: free), the object's identity, the rule. */
struct contents {
	uint64_t pc, header, end;
	struct rule rule;
};
static_assert(sizeof(struct contents) == WORDS * 8, "an entry is one cache line");
static_assert(offsetof(struct contents, rule) == RULE_WORD * 8, "the rule is the last words");

struct entry {
	_Atomic uint64_t sequence;
	_Atomic uint64_t words[WORDS];
};
static_assert(sizeof(struct entry) == 64, "an entry is one cache line");

/* Bitwise complement of the table's address, 0 before rules_init(): no pointer into private memory
 * stands in a data segment (arena.h). */
static _Atomic uintptr_t hidden_table;

void rules_init(void)
{
	struct entry *table = arena_map(ENTRIES * sizeof(*table));
	if (table)
		atomic_store_explicit(&hidden_table, ~(uintptr_t)table, memory_order_release);
}

static struct entry *table_open(void)
{
	uintptr_t hidden = atomic_load_explicit(&hidden_table, memory_order_acquire);
	return hidden ? (struct entry *)~hidden : NULL;
}

/* The nth of the entries where a pc may be. */
static struct entry *entry_of(struct entry *table, uintptr_t pc, unsigned n)
{
	uint64_t hash = pc * 0x9e3779b97f4a7c15u;
	return &table[((hash >> 48) + n) % ENTRIES];
}

static uint64_t entry_word(struct entry *entry, unsigned index)
{
	return atomic_load_explicit(&entry->words[index], memory_order_relaxed);
}

static bool entry_holds(struct entry *entry, uintptr_t pc, const struct module_place *place)
{
	return entry_word(entry, 0) == pc && entry_word(entry, 1) == place->eh_frame_header &&
	       entry_word(entry, 2) == place->end;
}

/* Word by word, not through a struct contents: the copy and its checks would cost more than the rest
 * of a step. */
static bool entry_read(
	struct entry *entry, uintptr_t pc, const struct module_place *place, struct rule *rule)
{
	uint64_t sequence = atomic_load_explicit(&entry->sequence, memory_order_acquire);
	if (sequence & 1 || !entry_holds(entry, pc, place))
		return false;
#pragma GCC unroll 4
	for (unsigned i = RULE_WORD; i < WORDS; i++) {
		uint64_t word = entry_word(entry, i);
		memcpy((char *)rule + 8 * (i - RULE_WORD), &word, 8);
	}
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&entry->sequence, memory_order_relaxed) == sequence;
}

static void entry_write(struct entry *entry, const struct contents *contents)
{
	uint64_t words[WORDS];
	uint64_t sequence = atomic_load_explicit(&entry->sequence, memory_order_relaxed);
	if (sequence & 1 || !atomic_compare_exchange_strong_explicit(&entry->sequence, &sequence,
				    sequence + 1, memory_order_acquire, memory_order_relaxed))
		return;
	/* The odd number must be seen before any of the words is. */
	atomic_thread_fence(memory_order_release);
	memcpy(words, contents, sizeof(words));
	for (unsigned i = 0; i < WORDS; i++)
		atomic_store_explicit(&entry->words[i], words[i], memory_order_relaxed);
	atomic_store_explicit(&entry->sequence, sequence + 2, memory_order_release);
}

bool rules_find(uintptr_t pc, const struct module_place *place, struct rule *rule)
{
	struct entry *table = table_open();
	for (unsigned n = 0; table && n < NEIGHBOURS; n++)
		if (entry_read(entry_of(table, pc, n), pc, place, rule))
			return true;
	return false;
}

/* Where a pc is to be kept: where it is already, else a free entry, else one that its bits choose. */
static struct entry *entry_choose(struct entry *table, uintptr_t pc)
{
	struct entry *chosen = NULL;
	for (unsigned n = 0; n < NEIGHBOURS; n++) {
		struct entry *entry = entry_of(table, pc, n);
		uint64_t held = entry_word(entry, 0);
		if (held == pc)
			return entry;
		if (!held && !chosen)
			chosen = entry;
	}
	return chosen ? chosen : entry_of(table, pc, (pc ^ pc >> 8) % NEIGHBOURS);
}

void rules_keep(uintptr_t pc, const struct module_place *place, const struct rule *rule)
{
	struct entry *table = table_open();
	if (!table)
		return;
	struct contents contents = {pc, place->eh_frame_header, place->end, *rule};
	entry_write(entry_choose(table, pc), &contents);
}

void rules_forget(uintptr_t start, uintptr_t end)
{
	static const struct contents nothing;
	struct entry *table = table_open();
	for (unsigned i = 0; table && i < ENTRIES; i++) {
		uint64_t pc = entry_word(&table[i], 0);
		if (pc >= start && pc < end)
			entry_write(&table[i], &nothing);
	}
}
