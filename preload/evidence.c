/*
 * evidence.c - from the waits of a snapshot to the objects behind them.
 *
 * Guarantee: a row of an owner is true of one moment at which every thread that the snapshot saw waiting
 * for that lock was still in that wait. Owners are read first, all of them; then the waiters' words are
 * compared with those of the snapshot, and a lock of which one waiter has moved is left out. So the rows
 * of several locks hold together too: a cycle among them was there.
 */
#include "preload/evidence.h"
#include "preload/array.h"
#include "preload/fdwakers.h"
#include "preload/locks.h"
#include "preload/snapshot.h"
#include "preload/sys.h"

#include <string.h>

/* A thread, by its tid, its id, or the object that it waits on. */
struct keyed {
	uint64_t key;
	const struct sighting *thread;
};

static struct array waits_array, wakers_array, owners_array;

/* The threads of the snapshot by one of their numbers, sorted when it is first asked for. */
static struct lives {
	struct array array;
	bool by_id; /* or by tid */
	bool sorted;
} by_tid, by_id = {.by_id = true};

static const struct sighting *lives;
static uint32_t life_count;

/* --- sorted lists of threads ----------------------------------------------------------------------------- */

/* As a rule: slots, thread ids and objects come in one order. */
static bool is_sorted(const struct keyed *items, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (items[i - 1].key > items[i].key)
			return false;
	return true;
}

/* Shell sort: libc's qsort() allocates. */
static void sort(struct keyed *items, size_t count)
{
	if (is_sorted(items, count))
		return;
	for (size_t gap = count / 2; gap; gap /= 2)
		for (size_t i = gap; i < count; i++) {
			struct keyed moved = items[i];
			size_t at = i;
			for (; at >= gap && items[at - gap].key > moved.key; at -= gap)
				items[at] = items[at - gap];
			items[at] = moved;
		}
}

/* False when memory is short: nobody must then be taken for dead. */
static bool lives_begin(const struct sighting *threads, uint32_t count)
{
	lives = threads;
	life_count = count;
	by_tid.sorted = by_id.sorted = false;
	return array_room(&by_tid.array, count, sizeof(struct keyed)) &&
	       array_room(&by_id.array, count, sizeof(struct keyed));
}

static void lives_sort(struct lives *index)
{
	struct keyed *items = index->array.memory;
	for (uint32_t i = 0; i < life_count; i++) {
		uint64_t key = index->by_id ? lives[i].id : (uint64_t)lives[i].tid;
		items[i] = (struct keyed){key, &lives[i]};
	}
	sort(items, life_count);
	index->sorted = true;
}

static const struct sighting *life_find(struct lives *index, uint64_t key)
{
	if (!index->sorted)
		lives_sort(index);
	const struct keyed *items = index->array.memory;
	size_t low = 0, high = life_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (items[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low < life_count && items[low].key == key ? items[low].thread : NULL;
}

/* --- the objects --------------------------------------------------------------------------------------- */

static bool waits_for_waker(const struct sighting *thread)
{
	/* Of a wait read from /proc only the futex within the object is known, and who wakes it by way
	 * of libc's inside is not seen. */
	return !thread->from_proc && (thread->kind == WAIT_COND || thread->kind == WAIT_SEM ||
					     thread->kind == WAIT_FUTEX);
}

static bool waits_for_owner(const struct sighting *thread)
{
	return !thread->from_proc &&
	       (thread->kind == WAIT_MUTEX || thread->kind == WAIT_RDLOCK ||
		       thread->kind == WAIT_WRLOCK || thread->kind == WAIT_SEM);
}

/* Sorts the waits that are of interest by object; returns how many. */
static size_t waits_collect(const struct sighting *threads, uint32_t count,
	bool (*wanted)(const struct sighting *thread))
{
	struct keyed *waits = waits_array.memory;
	size_t found = 0;
	for (uint32_t i = 0; i < count; i++)
		if (wanted(&threads[i]))
			waits[found++] = (struct keyed){threads[i].object, &threads[i]};
	sort(waits, found);
	return found;
}

static const struct keyed *wait_at(size_t at)
{
	return (const struct keyed *)waits_array.memory + at;
}

/* Where the waits for the next object begin. */
static size_t waits_next(size_t at, size_t count)
{
	uint64_t object = wait_at(at)->key;
	while (at < count && wait_at(at)->key == object)
		at++;
	return at;
}

/* --- wakers -------------------------------------------------------------------------------------------- */

static struct waker_row waker_row_of(uintptr_t object)
{
	struct waker_row row = {.object = object, .alive = -1};
	row.known = waker_find(object, &row.waking);
	if (row.known == WAKING_NOTED && row.waking.thread)
		row.alive = life_find(&by_id, row.waking.thread) != NULL;
	return row;
}

/* Several ends that write are one waker; the last of them counts. */
static void waking_merge(struct waking *waking, const struct waking *other)
{
	struct waking *last = waking;
	if (!other->count)
		return;
	struct waking merged = !last->count || other->ticks_ago < last->ticks_ago ? *other : *last;
	merged.several = waking->several || other->several ||
			 (waking->count && waking->thread != other->thread);
	merged.count = waking->count + other->count;
	*waking = merged;
}

/* Who wrote to what the row's descriptor reads: an eventfd itself, of the others the other ends in this process. False
 * where one of them was not seen to be made, or there is none. */
static bool fd_waking(const struct fd_row *fd, struct waking *waking)
{
	bool event = strcmp(fd->kind, "eventfd") == 0;
	bool ends = strcmp(fd->kind, "unix") == 0 ||
		    (strcmp(fd->kind, "pipe") == 0 && fd->may_read && !fd->may_write);
	*waking = (struct waking){0};
	if (event)
		return fdwaker_find((unsigned)fd->object, waking) != WAKING_LOST;
	if (!ends || !fd->others_known || !fd->other_count || fd->other_count == FD_OTHERS)
		return false;
	for (unsigned i = 0; i < fd->other_count; i++) {
		struct waking end;
		if (fdwaker_find((unsigned)fd->others[i], &end) == WAKING_LOST)
			return false;
		waking_merge(waking, &end);
	}
	return true;
}

static size_t fd_wakers_gather(const struct fds *fds, size_t count)
{
	for (size_t i = 0; i < fds->count; i++) {
		struct waker_row row = {.object = fds->rows[i].object, .is_fd = true, .alive = -1};
		if (fds->rows[i].is_set || !fd_waking(&fds->rows[i], &row.waking) ||
			!array_room(&wakers_array, count + 1, sizeof row))
			continue;
		row.known = row.waking.count ? WAKING_NOTED : WAKING_NEVER;
		if (row.waking.thread)
			row.alive = life_find(&by_id, row.waking.thread) != NULL;
		((struct waker_row *)wakers_array.memory)[count++] = row;
	}
	return count;
}

static size_t wakers_gather(size_t waits)
{
	size_t count = 0;
	for (size_t at = 0; at < waits; at = waits_next(at, waits)) {
		if (!array_room(&wakers_array, count + 1, sizeof(struct waker_row)))
			break;
		((struct waker_row *)wakers_array.memory)[count++] = waker_row_of(wait_at(at)->key);
	}
	return count;
}

/* --- owners -------------------------------------------------------------------------------------------- */

/* A thread that began after the snapshot is not in it. */
static int owner_lives(const struct lock_state *state)
{
	if (life_find(&by_tid, (uint64_t)state->owner))
		return 1;
	if (state->shared)
		return -1;
	return sys_call3(SYS_tgkill, sys_getpid(), state->owner, 0) >= 0;
}

/* It names its holder by the id that is never used again, and not at all where it is no lock. */
static bool semaphore_row_read(uintptr_t object, struct owner_row *row)
{
	uint64_t holder;
	if (!waker_holder(object, &holder))
		return false;
	const struct sighting *owner = life_find(&by_id, holder);
	*row = (struct owner_row){.object = object,
		.kind = LOCK_SEMAPHORE,
		.tid = owner ? owner->tid : -1,
		.thread = holder,
		.alive = owner != NULL};
	return true;
}

static bool owner_row_read(const struct keyed *wait, struct owner_row *row)
{
	if (wait->thread->kind == WAIT_SEM)
		return semaphore_row_read(wait->key, row);
	struct lock_state state;
	bool mutex = wait->thread->kind == WAIT_MUTEX;
	uintptr_t object = wait->key;
	if (!(mutex ? mutex_state(object, &state) : rwlock_state(object, &state)))
		return false;
	*row = (struct owner_row){.object = object,
		.kind = mutex ? LOCK_MUTEX : LOCK_RWLOCK,
		.tid = state.owner,
		.alive = -1,
		.readers = state.readers};
	if (!state.owner)
		return true;
	const struct sighting *owner = life_find(&by_tid, (uint64_t)state.owner);
	row->thread = owner ? owner->id : 0;
	row->alive = owner_lives(&state);
	return true;
}

static bool wait_unmoved(const struct keyed *wait)
{
	const struct sighting *thread = wait->thread;
	return atomic_load_explicit(&thread->slot->word, memory_order_acquire) == thread->word;
}

/* An owner that unlocked as its last act was dead when it was looked for, and innocent: then the lock says
 * something else by now. What a dead thread owns stays so. */
static bool owner_stays(const struct owner_row *row)
{
	struct lock_state state;
	uint64_t holder;
	if (row->alive != 0)
		return true;
	if (row->kind == LOCK_SEMAPHORE)
		return waker_holder(row->object, &holder) && holder == row->thread;
	bool read = row->kind == LOCK_MUTEX ? mutex_state(row->object, &state)
					    : rwlock_state(row->object, &state);
	return read && state.owner == row->tid;
}

/* The second look: keeps the rows whose waiters have not moved. Rows and waits are in one order. */
static size_t owners_confirm(struct owner_row *rows, size_t count, size_t waits)
{
	size_t kept = 0, at = 0;
	for (size_t i = 0; i < count; i++) {
		bool unmoved = owner_stays(&rows[i]);
		while (at < waits && wait_at(at)->key < rows[i].object)
			at++;
		for (; at < waits && wait_at(at)->key == rows[i].object; at++)
			unmoved = unmoved && wait_unmoved(wait_at(at));
		if (unmoved)
			rows[kept++] = rows[i];
	}
	return kept;
}

static size_t owners_gather(size_t waits)
{
	size_t count = 0;
	for (size_t at = 0; at < waits; at = waits_next(at, waits)) {
		if (!array_room(&owners_array, count + 1, sizeof(struct owner_row)))
			break;
		struct owner_row *row = (struct owner_row *)owners_array.memory + count;
		count += owner_row_read(wait_at(at), row);
	}
	return owners_confirm(owners_array.memory, count, waits);
}

struct evidence evidence_gather(
	const struct sighting *threads, uint32_t count, const struct fds *fds)
{
	struct evidence evidence = {0};
	if (!count || !lives_begin(threads, count) ||
		!array_room(&waits_array, count, sizeof(struct keyed)))
		return evidence;
	evidence.waker_count = wakers_gather(waits_collect(threads, count, waits_for_waker));
	evidence.waker_count = fd_wakers_gather(fds, evidence.waker_count);
	evidence.owner_count = owners_gather(waits_collect(threads, count, waits_for_owner));
	evidence.wakers = wakers_array.memory;
	evidence.owners = owners_array.memory;
	return evidence;
}

void evidence_forget(void)
{
	struct array *const arrays[] = {
		&waits_array, &by_tid.array, &by_id.array, &wakers_array, &owners_array};
	for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
		*arrays[i] = (struct array){0};
}
