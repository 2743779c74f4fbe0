/*
 * lives.c - starts with all candidates dead, and lets those live that are reached, until nothing changes.
 *
 * Guarantee: whoever is not known to be in a wait without an end for an object that is understood lives from the start.
 */
#include "preload/lives.h"
#include "preload/areas.h"
#include "preload/array.h"
#include "preload/locks.h"
#include "preload/mark.h"
#include "preload/roots.h"

static const struct stills *stills;
static struct array lives_array, ended_array;
static size_t ended_count;
static bool stacks_ignored;

struct life *life_of(uint32_t thread)
{
	return (struct life *)lives_array.memory + thread;
}

/* --- stacks that nobody has --------------------------------------------------------------------------------------- */

static void ended_add(void *whole, uintptr_t start, uintptr_t end)
{
	if (!array_room(&ended_array, ended_count + 1, sizeof(struct extent)))
		*(bool *)whole = false;
	else
		((struct extent *)ended_array.memory)[ended_count++] = (struct extent){start, end};
}

/* Few objects are looked for. */
static bool is_in_ended(uintptr_t address)
{
	const struct extent *ended = ended_array.memory;
	for (size_t i = 0; i < ended_count; i++)
		if (address >= ended[i].start && address < ended[i].end)
			return true;
	return false;
}

/* --- objects ------------------------------------------------------------------------------------------------------- */

static uint32_t thread_by_id(uint64_t id)
{
	for (uint32_t i = 0; i < stills->count; i++)
		if (stills->list[i].id == id)
			return i;
	return LINK_NOBODY;
}

static uint32_t thread_by_tid(int tid)
{
	for (uint32_t i = 0; i < stills->count; i++)
		if (stills->list[i].tid == tid)
			return i;
	return LINK_NOBODY;
}

enum object_place object_place(uint32_t candidate, uint32_t *thread)
{
	const struct wait *wait = &stills->list[candidate].wait;
	if (wait->kind == WAIT_JOIN) {
		*thread = thread_by_id(wait->object);
		return OBJECT_IN_THREAD;
	}
	*thread = areas_find(wait->object);
	if (*thread != AREA_NOBODY && wait->object < area_of(*thread)->handle)
		return OBJECT_IN_AREA;
	switch (mark_state(wait->object)) {
	case MARK_FREED:
		return OBJECT_IN_FREED;
	case MARK_WHITE:
	case MARK_REACHED:
		return OBJECT_IN_BLOCK;
	default:
		return is_in_ended(wait->object) ? OBJECT_IN_FREED : OBJECT_ELSEWHERE;
	}
}

/* The thread that owns the lock; LINK_NOBODY if none of this process does. */
static uint32_t owner_of(const struct wait *wait)
{
	struct lock_state state = {0};
	bool read = false;
	if (wait->kind == WAIT_MUTEX)
		read = mutex_state(wait->object, &state);
	else if (wait->kind == WAIT_RDLOCK || wait->kind == WAIT_WRLOCK)
		read = rwlock_state(wait->object, &state);
	return read && state.owner ? thread_by_tid(state.owner) : LINK_NOBODY;
}

/* --- lives --------------------------------------------------------------------------------------------------------- */

static bool is_candidate(const struct proof_task *task, uint32_t thread)
{
	const struct still *still = &stills->list[thread];
	return still->candidate && !task->proof->rows[thread].ran && !still->ours &&
	       area_of(thread)->handle;
}

bool lives_begin(const struct proof_task *task)
{
	bool whole = true;
	stills = task->stills;
	ended_count = 0;
	areas_each_ended(ended_add, &whole);
	if (!array_room(&lives_array, stills->count, sizeof(struct life)))
		return false;
	for (uint32_t i = 0; i < stills->count; i++) {
		*life_of(i) = (struct life){.candidate = is_candidate(task, i)};
		life_of(i)->lives = !life_of(i)->candidate;
		/* Ours are dead to the host. */
		life_of(i)->followed = stills->list[i].ours;
		if (life_of(i)->candidate)
			whole = area_enter(i) && whole;
	}
	areas_sort();
	return whole;
}

static void life_begin(uint32_t thread, enum cause cause)
{
	life_of(thread)->lives = true;
	life_of(thread)->cause = cause;
}

void life_awake(uint32_t thread, uintptr_t address, const struct link *from)
{
	struct life *life = life_of(thread);
	if (life->lives || stacks_ignored)
		return;
	life_begin(thread, CAUSE_STACK);
	life->target = address;
	life->from = *from;
}

void life_held(uint32_t thread)
{
	life_of(thread)->held = true;
}

void lives_ignore_stacks(bool ignore)
{
	stacks_ignored = ignore;
}

static bool lives_other(uint32_t thread)
{
	return thread != LINK_NOBODY && life_of(thread)->lives;
}

/* Whether what it waits for is reached: a part of memory, or a thread that lives. One that is not among the threads
 * has ended: who joins it is about to wake. */
static bool object_is_reached(uint32_t thread, enum cause *cause, uint32_t *other)
{
	*cause = CAUSE_OBJECT;
	switch (object_place(thread, other)) {
	case OBJECT_IN_THREAD:
		*cause = CAUSE_THREAD;
		return *other == LINK_NOBODY || lives_other(*other);
	case OBJECT_IN_AREA:
		return lives_other(*other);
	case OBJECT_IN_BLOCK:
		return mark_state(stills->list[thread].wait.object) == MARK_REACHED;
	case OBJECT_IN_FREED:
		return false;
	case OBJECT_ELSEWHERE:
		return true;
	}
	return true;
}

static bool candidate_look(uint32_t thread)
{
	enum cause cause;
	uint32_t other;
	bool lives = object_is_reached(thread, &cause, &other);
	if (!lives) {
		cause = CAUSE_THREAD;
		other = owner_of(&stills->list[thread].wait);
		lives = lives_other(other);
	}
	if (!lives)
		return false;
	life_begin(thread, cause);
	life_of(thread)->other = other;
	return true;
}

static bool candidates_look(void)
{
	bool any = false;
	for (uint32_t i = 0; i < stills->count; i++)
		if (!life_of(i)->lives)
			any = candidate_look(i) || any;
	return any;
}

/* Marks from those that live and were not followed yet; whether there were any. */
static bool follow_new(void)
{
	bool any = false;
	for (uint32_t i = 0; i < stills->count; i++) {
		struct life *life = life_of(i);
		if (!life->lives || life->followed)
			continue;
		life->followed = any = true;
		roots_thread(i);
	}
	mark_follow();
	return any;
}

void lives_settle(void)
{
	bool changed = true;
	while (changed && !mark_failed()) {
		changed = follow_new();
		changed = candidates_look() || changed;
	}
}

bool lives_any_dead(void)
{
	for (uint32_t i = 0; i < stills->count; i++)
		if (!life_of(i)->lives)
			return true;
	return false;
}

void lives_refollow(void)
{
	for (uint32_t i = 0; i < stills->count; i++)
		life_of(i)->followed = stills->list[i].ours;
}
