/*
 * threads.c - who was created, by whom, joined or detached or not.
 *
 * A slot lives as long as somebody may still ask for its thread: until it finished and was joined, or
 * finished detached. Of the two events the second releases it; both are single atomic operations on
 * its flags, so exactly one of two racing threads sees the other's.
 *
 * The end of a thread is seen by the destructor of a pthread key, re-armed once, so that waits in the
 * host's own destructors are still recorded. What ends without destructors (a raw exit
 * system call) is found by the watcher.
 */
#include "preload/threads.h"
#include "preload/creators.h"
#include "preload/newborn.h"
#include "preload/sys.h"

#include <dlfcn.h>
#include <limits.h>
#include <string.h>
#include <sys/resource.h>

/* Rounds of key destructors, at whose last a thread counts as finished: in the first, the host's own may
 * still run after ours. Each further round would cost every thread's end 0.1 us. */
#define EXIT_ROUNDS 2

static pthread_key_t exit_key;
static bool exit_key_made;
static uint64_t default_stack_bytes;
static uint32_t record_bytes; /* of glibc's record of a thread; 0: not known */
static uint32_t tid_offset; /* of the id in glibc's record of a thread; 0: not known */

/* Sets a flag of a thread's slot, and gives the slot back if the other of the two events was before. True for
 * the first of several callers, and only while the slot is that thread's. */
static bool slot_flag(struct slot *slot, uint64_t id, uint32_t flag, uint32_t other)
{
	uint32_t before = atomic_load_explicit(&slot->flags, memory_order_acquire);
	do {
		if (!slot_flags_are_of(before, id) || before & flag)
			return false;
	} while (!atomic_compare_exchange_weak(&slot->flags, &before, before | flag));
	if (before & other)
		slot_release(slot);
	return true;
}

/* Counted once, by whoever sees it first: its own destructor, a joiner or the watcher. */
static void thread_ended(struct slot *slot, uint64_t id)
{
	/* Looked at before: the slot may be another thread's afterwards. */
	struct creator *creator = slot->creator;
	bool counted = slot->start;
	if (!slot_flag(slot, id, SLOT_EXITED, SLOT_DETACHED | SLOT_FOREIGN))
		return;
	creator_gone(creator);
	if (counted)
		atomic_fetch_add_explicit(&slots_exited.count, 1, memory_order_relaxed);
}

static void thread_exiting(void *value)
{
	struct slot *slot = value;
	if (++slot->exit_rounds < EXIT_ROUNDS) {
		pthread_setspecific(exit_key, slot);
		return;
	}
	slot_self = slot_parted(slot);
	thread_ended(slot, slot->id);
}

void thread_mark(struct slot *slot)
{
	if (exit_key_made)
		pthread_setspecific(exit_key, slot);
}

static void thread_main_stack(struct slot *slot)
{
	struct rlimit limit;
	uint64_t bytes = (uint64_t)8 << 20;
	if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
		bytes = limit.rlim_cur;
	/* By dlsym: a direct reference would make the loader a dependency of the shim. */
	void **stack_end = dlsym(RTLD_DEFAULT, "__libc_stack_end");
	slot->stack_high = stack_end ? (uintptr_t)*stack_end : 0;
	slot->stack_low = slot->stack_high > bytes ? slot->stack_high - bytes : 0;
}

/* glibc tells debuggers where in its record of a thread the thread id stands: three words, size in bits,
 * count and offset (nptl_db/structs.def, the interface to libthread_db). The handle is the record's address.
 * A system call at each thread's start would cost as much as all the rest that is done there. */
static void tid_offset_find(void)
{
	const uint32_t *description = dlsym(RTLD_DEFAULT, "_thread_db_pthread_tid");
	const uint32_t *bytes = dlsym(RTLD_DEFAULT, "_thread_db_sizeof_pthread");
	record_bytes = bytes ? *bytes : 0;
	if (!description || description[0] != 32 || description[1] != 1)
		return;
	if (*(int *)((char *)pthread_self() + description[2]) == sys_gettid())
		tid_offset = description[2];
}

bool threads_record(uint32_t *bytes, uint32_t *tid_at)
{
	*bytes = record_bytes;
	*tid_at = tid_offset;
	return record_bytes && tid_offset && tid_offset < record_bytes;
}

static inline int tid_own(void)
{
	return tid_offset ? *(int *)((char *)pthread_self() + tid_offset) : sys_gettid();
}

void threads_init(void)
{
	tid_offset_find();
	newborn_init();
	exit_key_made = pthread_key_create(&exit_key, thread_exiting) == 0;
	pthread_attr_t attributes;
	size_t bytes = 0;
	if (pthread_getattr_default_np(&attributes) == 0) {
		pthread_attr_getstacksize(&attributes, &bytes);
		pthread_attr_destroy(&attributes);
	}
	default_stack_bytes = bytes;
	if (!slot_self)
		slot_self = slot_claim();
	else if (slot_usable(slot_self))
		thread_mark(slot_self); /* claimed before there was a key */
	if (slot_usable(slot_self))
		thread_main_stack(slot_self);
}

void threads_forget(void)
{
	struct slot *parent = slot_self;
	slots_forget();
	slot_self = NULL;
	struct slot *slot = slot_claim();
	if (slot == SLOT_NONE || !slot_usable(parent))
		return;
	slot->stack_low = parent->stack_low;
	slot->stack_high = parent->stack_high;
	memcpy(slot->name, parent->name, sizeof slot->name);
	slot->scope = parent->scope;
	slot->scopes_lost = parent->scopes_lost;
}

/* --- creation ------------------------------------------------------------------------------------ */

struct slot *thread_prepare(
	void *(*start)(void *), void *argument, const pthread_attr_t *attributes)
{
	/* The creator first: the main thread is to be the one with id 1, also before the constructor. */
	if (!slot_self)
		slot_self = slot_claim();
	struct slot *slot = slot_take();
	if (!slot)
		return NULL;
	int detached = PTHREAD_CREATE_JOINABLE;
	size_t bytes = default_stack_bytes;
	if (attributes) {
		pthread_attr_getdetachstate(attributes, &detached);
		pthread_attr_getstacksize(attributes, &bytes);
	}
	slot->start = start;
	slot->start_argument = argument;
	slot->stack_bytes = bytes;
	slot->creator = creator_here(CREATES_THREAD);
	struct slot *creator = slot_self;
	if (slot_usable(creator)) {
		memcpy(slot->name, creator->name, sizeof slot->name);
		slot->scope = slot->made_in = creator->scope;
	}
	slot_begin(slot, detached == PTHREAD_CREATE_DETACHED ? SLOT_DETACHED : 0);
	return slot;
}

void thread_created(void)
{
	atomic_fetch_add_explicit(&slots_started, 1, memory_order_relaxed);
}

void thread_not_created(struct slot *slot)
{
	creator_unmade(slot->creator);
	slot_release(slot);
}

/* Inlined into both start routines: a call would not matter, but a frame would. */
static inline __attribute__((always_inline)) void thread_begin(struct slot *slot)
{
	slot->pthread = (uintptr_t)pthread_self();
	slot->stack_high = (uintptr_t)__builtin_frame_address(0);
	slot->stack_low = slot->stack_high - slot->stack_bytes;
	/* In one go: a signal handler that comes first claims a slot of its own, one that comes after does
	 * not. */
	struct slot *claimed = __atomic_exchange_n(&slot_self, slot, __ATOMIC_RELAXED);
	thread_mark(slot);
	/* If whoever joined or detached it so early did not find the slot, nobody may be accused. */
	if (!newborn_told(slot))
		atomic_fetch_or(&slot->flags, SLOT_FOREIGN);
	atomic_store_explicit(&slot->tid, tid_own(), memory_order_release);
	if (slot_usable(claimed))
		slot_release(claimed);
}

void *thread_start(void *argument)
{
	struct slot *slot = argument;
	thread_begin(slot);
	return slot->start(slot->start_argument);
}

int thread_start_c11(void *argument)
{
	struct slot *slot = argument;
	thread_begin(slot);
	return ((int (*)(void *))(void *)slot->start)(slot->start_argument);
}

void thread_vanished(struct slot *slot, uint64_t id)
{
	thread_ended(slot, id);
}

/* --- join, detach, name -------------------------------------------------------------------------- */

struct target thread_target(pthread_t thread)
{
	struct slot *slot = slot_of(thread);
	return (struct target){slot, slot ? slot->id : 0};
}

/* Whether the slot waits for its thread to be joined or detached. One that is SLOT_FOREIGN goes with its
 * thread. */
static bool target_held(struct target target)
{
	return target.slot && !(target.slot->flags & SLOT_FOREIGN);
}

void thread_joined(struct target target)
{
	if (!target_held(target))
		return;
	/* The thread is gone. One that ended without destructors is not marked yet. */
	thread_ended(target.slot, target.id);
	slot_flag(target.slot, target.id, SLOT_DETACHED, SLOT_EXITED);
}

void thread_detaching(struct target target)
{
	if (target_held(target))
		slot_flag(target.slot, target.id, SLOT_DETACHED, SLOT_EXITED);
}

void thread_named(pthread_t thread, const char *name)
{
	struct slot *slot = slot_of(thread);
	if (!slot)
		return;
	char kept[SLOT_NAME_BYTES] = {0};
	strncpy(kept, name, SLOT_NAME_BYTES - 1);
	memcpy(slot->name, kept, sizeof kept);
}
