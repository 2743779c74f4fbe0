/*
 * chain.c - follows the sources of mark.h backward.
 */
#include "preload/chain.h"
#include "preload/areas.h"
#include "preload/blocks.h"
#include "preload/frozen.h"
#include "preload/heap.h"
#include "preload/lives.h"
#include "preload/mark.h"
#include "preload/modules.h"

#define STEPS_MOST 1000000u

/* Links as they are found, from the object back to the root. The last is overwritten when there are more. */
struct chain {
	struct link_shown links[DUMP_LINKS_MAX];
	uint32_t count;
	bool cut;
};

static const struct stills *stills;

static void heap_show(struct link_shown *shown)
{
	const struct region *region = region_find(shown->address);
	if (!region)
		return;
	/* A word of a block may stand in the header of the next. */
	uintptr_t block = block_at(region, shown->address - HEAP_HEADER_BYTES);
	shown->detail = shown->address - (block + HEAP_HEADER_BYTES);
	shown->address = block + HEAP_HEADER_BYTES;
}

/* The frame that an address of a stack is in; many chains begin in one. */
static void stack_show(struct link_shown *shown, const struct still *still)
{
	static uintptr_t last_address, last_place;
	struct registers registers = {.pc = still->pc, .sp = still->sp};
	bool known = still->state == STILL_PARKED;
	if (shown->address != last_address && still->state != STILL_RAN) {
		last_address = shown->address;
		last_place = frozen_place(known ? &still->wait.registers : &registers,
			known ? HAVE_ALL : HAVE_PC | HAVE_SP, shown->address);
	}
	shown->detail = shown->address == last_address ? last_place : 0;
}

static void chain_add(struct chain *chain, struct link link)
{
	struct module_place module;
	struct link_shown shown = {
		.kind = link.kind, .number = link.number, .address = link.address};
	bool of_thread = link.kind == LINK_STACK || link.kind == LINK_LOCAL ||
			 link.kind == LINK_REGISTERS || link.kind == LINK_THREAD;
	if (of_thread)
		shown.number = link.number == LINK_NOBODY ? 0 : stills->list[link.number].id;
	if (link.kind == LINK_ANONYMOUS && module_place_find(link.address, &module))
		shown.kind = LINK_STATIC;
	else if (link.kind == LINK_HEAP)
		heap_show(&shown);
	else if (link.kind == LINK_STACK)
		stack_show(&shown, &stills->list[link.number]);
	if (chain->count == DUMP_LINKS_MAX)
		chain->cut = true;
	else
		chain->count++;
	chain->links[chain->count - 1] = shown;
}

/* From a place back to the root. */
static void chain_follow(struct chain *chain, struct link from)
{
	for (unsigned step = 0; step < STEPS_MOST; step++) {
		chain_add(chain, from);
		if (from.kind != LINK_HEAP || !mark_source(from.address, &from))
			return;
	}
}

static void chain_of_object(struct chain *chain, uint32_t thread, uintptr_t object)
{
	uint32_t other;
	struct link here = {.kind = LINK_ANONYMOUS, .address = object};
	switch (object_place(thread, &other)) {
	case OBJECT_IN_THREAD:
		return;
	case OBJECT_IN_AREA:
		here.kind = LINK_STACK;
		here.number = other;
		break;
	case OBJECT_IN_BLOCK:
		here.kind = LINK_HEAP;
		break;
	default:
		break;
	}
	chain_add(chain, here);
}

void chain_write(const struct stills *all, uint32_t thread, struct proof_row *row)
{
	stills = all;
	struct chain chain = {.count = 0};
	const struct life *life = life_of(thread);
	uintptr_t object = stills->list[thread].wait.object;
	struct link from;
	chain_of_object(&chain, thread, object);
	if (life->cause == CAUSE_THREAD)
		chain_add(&chain, (struct link){.kind = LINK_THREAD, .number = life->other});
	else if (life->cause == CAUSE_STACK) {
		chain_add(&chain,
			(struct link){
				.kind = LINK_STACK, .number = thread, .address = life->target});
		chain_follow(&chain, life->from);
	} else if (mark_state(object) == MARK_REACHED && mark_source(object, &from))
		chain_follow(&chain, from);
	if (chain.cut)
		chain.links[DUMP_LINKS_MAX - 2] = (struct link_shown){.kind = LINK_MORE};
	row->link_count = chain.count;
	for (uint32_t i = 0; i < chain.count; i++)
		row->links[i] = chain.links[chain.count - 1 - i];
}
