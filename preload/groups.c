/*
 * groups.c - the groups of a snapshot: found by way of their stack, which keeps the first of its groups in its
 * mark.
 */
#include "preload/groups.h"
#include "preload/array.h"
#include "preload/snapshot.h"

static struct array groups, order_array;
static uint32_t count_of_groups;
static uint32_t
	stackless; /* the first without a stack, chained like those of one stack: index + 1 */

struct group *groups_at(uint32_t index)
{
	return (struct group *)groups.memory + index;
}

static bool group_fits(const struct group *group, const struct sighting *thread)
{
	return group->kind == thread->kind && group->timed == thread->timed &&
	       group->from_proc == thread->from_proc && group->partial == thread->partial &&
	       group->guessed == thread->guessed;
}

static bool group_add(struct sighting *thread, uint32_t *first)
{
	if (!array_room(&groups, count_of_groups + 1, sizeof(struct group)))
		return false;
	*groups_at(count_of_groups) = (struct group){.stack = thread->stack,
		.kind = thread->kind,
		.timed = thread->timed,
		.from_proc = thread->from_proc,
		.partial = thread->partial,
		.guessed = thread->guessed,
		.count = 1,
		.next = *first};
	thread->group = count_of_groups++;
	*first = count_of_groups;
	return true;
}

bool groups_join(struct sighting *thread)
{
	uint32_t *first = thread->stack ? stack_mark(thread->stack) : &stackless;
	for (uint32_t at = *first; at; at = groups_at(at - 1)->next) {
		if (!group_fits(groups_at(at - 1), thread))
			continue;
		thread->group = at - 1;
		groups_at(at - 1)->count++;
		return true;
	}
	return group_add(thread, first);
}

uint32_t groups_count(void)
{
	return count_of_groups;
}

void groups_begin(void)
{
	for (uint32_t i = 0; i < count_of_groups; i++)
		if (groups_at(i)->stack)
			*stack_mark(groups_at(i)->stack) = 0;
	count_of_groups = 0;
	stackless = 0;
}

/* Shell sort: libc's qsort() allocates. */
static void order_sort(uint32_t *order, uint32_t count)
{
	for (uint32_t gap = count / 2; gap; gap /= 2)
		for (uint32_t i = gap; i < count; i++) {
			uint32_t moved = order[i], at = i, size = groups_at(moved)->count;
			for (; at >= gap && groups_at(order[at - gap])->count < size; at -= gap)
				order[at] = order[at - gap];
			order[at] = moved;
		}
}

uint32_t *groups_order(void)
{
	if (!array_room(&order_array, count_of_groups + 1, sizeof(uint32_t)))
		return NULL;
	uint32_t *order = order_array.memory;
	for (uint32_t i = 0; i < count_of_groups; i++)
		order[i] = i;
	order_sort(order, count_of_groups);
	for (uint32_t i = 0; i < count_of_groups; i++)
		groups_at(order[i])->number = i + 1;
	return order;
}

void groups_forget(void)
{
	groups = order_array = (struct array){NULL, 0};
	count_of_groups = 0;
	stackless = 0;
}
