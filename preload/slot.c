/*
 * slot.c - the slots of all threads: taken and released without a lock, found by thread handle.
 *
 * Guarantee: none of it waits, allocates from the host, or touches errno; all of it may be interrupted
 * by a signal handler that does the same. Free slots form a stack of indexes whose head carries a tag,
 * so that a pop cannot mistake a slot that went and came back for one that stayed.
 */
#include "preload/slot.h"
#include "preload/arena.h"
#include "preload/newborn.h"
#include "preload/sys.h"
#include "preload/threads.h"

#include <string.h>
#include <unwind.h>

#define CHUNK_SLOTS 256u
#define CHUNKS	    (DUMP_THREADS_MAX / CHUNK_SLOTS)

__thread struct slot *slot_self __attribute__((tls_model("initial-exec")));

_Atomic uint64_t slots_started, slots_denied;
struct lone_count slots_exited;

static struct {
	_Atomic(struct slot *) chunks[CHUNKS];
	_Atomic uint32_t end; /* slots ever handed out */
	_Atomic uint64_t freed; /* tag << 32 | index + 1, 0 in the low half when empty */
	_Atomic uint64_t last_id;
} slots;

struct slot *slot_at(uint32_t index)
{
	struct slot *chunk =
		atomic_load_explicit(&slots.chunks[index / CHUNK_SLOTS], memory_order_acquire);
	return chunk ? &chunk[index % CHUNK_SLOTS] : NULL;
}

uint32_t slots_end(void)
{
	uint32_t end = atomic_load_explicit(&slots.end, memory_order_acquire);
	return end < DUMP_THREADS_MAX ? end : DUMP_THREADS_MAX;
}

/* The slot at a fresh index, whose chunk is mapped by whoever comes first. */
static struct slot *slot_open(uint32_t index)
{
	_Atomic(struct slot *) *place = &slots.chunks[index / CHUNK_SLOTS];
	if (!atomic_load_explicit(place, memory_order_acquire)) {
		size_t bytes = CHUNK_SLOTS * sizeof(struct slot);
		struct slot *chunk = arena_map(bytes), *none = NULL;
		if (!chunk)
			return NULL;
		if (!atomic_compare_exchange_strong(place, &none, chunk))
			arena_unmap(chunk, bytes);
	}
	struct slot *slot = slot_at(index);
	slot->index = index;
	return slot;
}

static struct slot *slot_pop(void)
{
	uint64_t head = atomic_load_explicit(&slots.freed, memory_order_acquire);
	while ((uint32_t)head) {
		struct slot *slot = slot_at((uint32_t)head - 1);
		uint64_t next = ((head >> 32) + 1) << 32 |
				atomic_load_explicit(&slot->next_free, memory_order_relaxed);
		if (atomic_compare_exchange_weak(&slots.freed, &head, next))
			return slot;
	}
	return NULL;
}

static void slot_push(struct slot *slot)
{
	uint64_t head = atomic_load_explicit(&slots.freed, memory_order_relaxed);
	do {
		atomic_store_explicit(&slot->next_free, (uint32_t)head, memory_order_relaxed);
	} while (!atomic_compare_exchange_weak(
		&slots.freed, &head, ((head >> 32) + 1) << 32 | (slot->index + 1)));
}

static struct slot *slot_extend(void)
{
	uint32_t index = atomic_load_explicit(&slots.end, memory_order_relaxed);
	do {
		if (index >= DUMP_THREADS_MAX)
			return NULL;
	} while (!atomic_compare_exchange_weak(&slots.end, &index, index + 1));
	return slot_open(index);
}

struct slot *slot_take(void)
{
	struct slot *slot = slot_pop();
	if (!slot)
		slot = slot_extend();
	if (!slot) {
		atomic_fetch_add_explicit(&slots_denied, 1, memory_order_relaxed);
		return NULL;
	}
	/* The count of the word goes on: the watcher must not take a new thread for the old one. */
	slot->word &= ~(uint64_t)SLOT_DEPTH_MASK;
	for (int depth = 0; depth < SLOT_NESTING; depth++)
		slot->waits[depth].entry = WAIT_UNFILLED;
	slot->first_count = slot->word >> SLOT_DEPTH_BITS;
	slot->id = atomic_fetch_add_explicit(&slots.last_id, 1, memory_order_relaxed) + 1;
	slot->tid = 0;
	slot->pthread = 0;
	slot->stack_low = slot->stack_high = 0;
	slot->stack_bytes = 0;
	slot->start = NULL;
	slot->creator = NULL;
	slot->name[0] = '\0';
	slot->exit_rounds = 0;
	slot->asks = false;
	slot->ignored = false;
	slot->scopes_lost = 0;
	slot->scope = slot->made_in = NULL;
	return slot;
}

void slot_release(struct slot *slot)
{
	atomic_store_explicit(&slot->flags, 0, memory_order_release);
	slot_push(slot);
}

struct slot *slot_claim(void)
{
	/* A handler that interrupts the rest of this function must not claim a second slot. */
	slot_self = SLOT_NONE;
	struct slot *slot = slot_take();
	if (!slot)
		return SLOT_NONE;
	slot->tid = sys_gettid();
	slot->pthread = (uintptr_t)pthread_self();
	slot_begin(slot, SLOT_FOREIGN);
	slot_self = slot;
	thread_mark(slot);
	return slot;
}

static bool slot_is_of(struct slot *slot, uintptr_t handle)
{
	return slot->pthread == handle && slot->flags & SLOT_USED;
}

/* glibc's handle is the thread pointer, and initial-exec TLS lies at one distance from it in every
 * thread (ELF TLS, variants I and II), so the other thread's variable is found by arithmetic. Its
 * static TLS stays mapped as long as the handle is valid. */
struct slot *slot_of(pthread_t thread)
{
	intptr_t distance = (char *)&slot_self - (char *)pthread_self();
	struct slot *volatile *self = (struct slot **)((char *)thread + distance);
	struct slot *slot = *self;
	if (!slot) {
		struct slot *newborn = newborn_find(thread);
		/* Whoever has not begun even now had not when its record was read. */
		slot = *self;
		if (!slot)
			return newborn;
	}
	if ((intptr_t)slot < 0)
		slot = (struct slot *)((intptr_t)slot & ~SLOT_PARTED);
	if (slot == SLOT_NONE)
		return NULL;
	return slot_is_of(slot, (uintptr_t)thread) ? slot : NULL;
}

void slots_forget(void)
{
	/* The parent's slots stay mapped: a signal handler that forked inside a wait returns into a
	 * wrapper that holds one. */
	for (uint32_t chunk = 0; chunk < CHUNKS && slots.chunks[chunk]; chunk++)
		slots.chunks[chunk] = NULL;
	slots.end = 0;
	slots.freed = 0;
	slots.last_id = 0;
	slots_started = slots_exited.count = slots_denied = 0;
}

/* One that is being filled was interrupted by the handler that asks. */
static bool wait_is_over(const struct wait *wait, uint64_t depth, uintptr_t sp)
{
	if (wait->entry == WAIT_UNFILLED)
		return depth >= SLOT_NESTING;
	return wait->registers.sp <= sp;
}

/* The depth to use, SLOT_NESTING for none. */
static uint64_t wait_depth_settle(struct slot *slot, uint64_t depth, uintptr_t sp)
{
	uint64_t settled = depth < SLOT_NESTING ? depth : SLOT_NESTING;
	/* The stack grows down: a wait that is still going on was entered above here. One that lies
	 * below was left by a longjmp. (A handler on an alternate stack may be misread; the wait below
	 * it is then seen again when it ends, and by way of /proc until then.) */
	while (settled && wait_is_over(&slot->waits[settled - 1], depth, sp)) {
		settled--;
		slot->waits[settled].entry = WAIT_UNFILLED;
	}
	uint64_t used = settled < SLOT_NESTING ? settled + 1 : SLOT_NESTING;
	if (used != depth + 1)
		slot->word = (slot->word & ~(uint64_t)SLOT_DEPTH_MASK) | used;
	return settled;
}

struct stay wait_enter_otherwise(struct slot *slot, uintptr_t sp)
{
	if (!slot_usable(slot)) {
		slot = slot ? slot : slot_claim();
		if (!slot_usable(slot))
			return (struct stay){STAY_NONE};
		word_add(&slot->word, (1 << SLOT_DEPTH_BITS) + 1);
	}
	uint64_t depth = (slot->word & SLOT_DEPTH_MASK) - 1;
	if (depth)
		depth = wait_depth_settle(slot, depth, sp);
	return depth < SLOT_NESTING ? stay_of(slot, depth) : (struct stay){STAY_NONE};
}

void wait_depth_restore(struct slot *slot, uint64_t depth)
{
	uint64_t word = atomic_load_explicit(&slot->word, memory_order_relaxed);
	atomic_store_explicit(&slot->word,
		(((word >> SLOT_DEPTH_BITS) + 1) << SLOT_DEPTH_BITS) | depth, memory_order_release);
}

void wait_leave_nested(struct stay stay)
{
	struct slot *slot = stay_slot(stay);
	uint64_t depth = stay_depth(stay);
	if (!slot)
		return;
	atomic_store_explicit(&slot->waits[depth].entry, WAIT_UNFILLED, memory_order_release);
	word_add(&slot->word, SLOT_DEPTH_MASK);
	uint64_t word = atomic_load_explicit(&slot->word, memory_order_relaxed);
	if ((word & SLOT_DEPTH_MASK) != depth)
		wait_depth_restore(slot, depth);
}

/*
 * The personality of every interposer that waits: called when a cancelled (or exiting) thread, or an
 * exception, unwinds through it. Does what wait_leave() would have done and lets the unwinding go on.
 * A cleanup attribute would do the same through landing pads, but needs libgcc_s, which the shim must
 * not bring into the host.
 */
__attribute__((used, visibility("hidden"))) _Unwind_Reason_Code wait_unwinding(int version,
	_Unwind_Action actions, _Unwind_Exception_Class class, struct _Unwind_Exception *exception,
	struct _Unwind_Context *context);

_Unwind_Reason_Code wait_unwinding(int version, _Unwind_Action actions,
	_Unwind_Exception_Class class, struct _Unwind_Exception *exception,
	struct _Unwind_Context *context)
{
	(void)version, (void)class, (void)exception, (void)context;
	struct slot *slot = slot_self;
	if (!(actions & _UA_CLEANUP_PHASE) || !slot_usable(slot))
		return _URC_CONTINUE_UNWIND;
	uint64_t depth = slot->word & SLOT_DEPTH_MASK;
	if (depth > SLOT_NESTING) /* cancelled before wait_depth_settle() */
		depth = SLOT_NESTING;
	if (depth)
		wait_leave(stay_of(slot, depth - 1));
	return _URC_CONTINUE_UNWIND;
}
