/*
 * recall.c - trails by pc, a few for each: the newest push out the oldest.
 *
 * Where threads wait at one pc on many different stacks, a few comparisons of a word or two are made in vain.
 */
#include "preload/recall.h"
#include "preload/arena.h"

#define SETS 16u
#define WAYS 16u

struct recollection {
	struct stack *stack; /* NULL: none */
	struct trail trail;
};

struct set {
	uint32_t next; /* to be replaced */
	size_t bytes; /* the most that one of its trails has taken */
	struct recollection ways[WAYS];
};

static struct set *sets; /* SETS of them; NULL: no memory for it */
static uint32_t used; /* bits: of the sets */

static struct set *set_of(uintptr_t pc)
{
	uint32_t at = (uint32_t)((pc * 0x9e3779b97f4a7c15ull) >> 60);
	if (!sets)
		sets = arena_map(SETS * sizeof *sets);
	return sets ? &sets[at % SETS] : NULL;
}

void recall_begin(void)
{
	for (uint32_t left = used; left; left &= left - 1) {
		struct set *set = &sets[__builtin_ctz(left)];
		for (unsigned i = 0; i < WAYS; i++)
			set->ways[i].stack = NULL;
		set->next = 0;
		set->bytes = 0;
	}
	used = 0;
}

struct stack *recall_find(
	const struct registers *registers, const unsigned char *bytes, size_t count)
{
	struct set *set = set_of(registers->pc);
	/* Newest first: neighbours in the table of slots wait alike. */
	for (unsigned i = 1; set && i <= WAYS; i++) {
		const struct recollection *way = &set->ways[(set->next - i) % WAYS];
		if (!way->stack)
			break;
		if (trail_leads(&way->trail, registers, bytes, count))
			return way->stack;
	}
	return NULL;
}

void recall_keep(const struct trail *trail, struct stack *stack)
{
	struct set *set = set_of(trail->pc);
	if (!set)
		return;
	used |= 1u << (set - sets);
	set->ways[set->next++ % WAYS] = (struct recollection){stack, *trail};
	if (set->bytes < trail->bytes)
		set->bytes = trail->bytes;
}

size_t recall_bytes(uintptr_t pc)
{
	const struct set *set = set_of(pc);
	return set ? set->bytes : 0;
}

void recall_forget(void)
{
	sets = NULL;
	used = 0;
}
