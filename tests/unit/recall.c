/*
 * recall.c - stacks that a trail of another stack vouches for are the stacks that a walk finds, and no others.
 */
#include "preload/recall.h"
#include "preload/frozen.h"
#include "preload/modules.h"
#include "preload/rules.h"
#include "preload/sys.h"
#include "preload/walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <alloca.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define COPY_BYTES ((size_t)4096)
#define FRAMES	   64
#define HERE()	   __asm__ volatile("" ::: "memory")
#define NOINLINE   __attribute__((noinline))
#ifdef __clang__
#define WITH_POINTER __attribute__((noinline, optnone))
#else
#define WITH_POINTER __attribute__((noinline, optimize("O0", "no-omit-frame-pointer")))
#endif

struct parked {
	unsigned (*descend)(struct parked *parked, unsigned depth);
	unsigned depth;
	size_t locals;
	pthread_t thread;
	struct registers registers;
	_Atomic uint32_t word; /* 1: parked; 2: to go on */
	uintptr_t frames[FRAMES];
	struct walk walk;
	struct trail trail;
	unsigned char copy[COPY_BYTES];
};

static NOINLINE unsigned park(struct parked *parked)
{
	registers_here(&parked->registers);
	atomic_store(&parked->word, 1);
	sys_call4(SYS_futex, (long)&parked->word, FUTEX_WAKE, 1, 0);
	while (atomic_load(&parked->word) == 1)
		sys_call4(SYS_futex, (long)&parked->word, FUTEX_WAIT, 1, 0);
	HERE();
	return 0;
}

static NOINLINE unsigned plain(struct parked *parked, unsigned depth)
{
	unsigned below = depth ? plain(parked, depth - 1) : park(parked);
	HERE();
	return below + 1;
}

static WITH_POINTER unsigned with_pointer(struct parked *parked, unsigned depth)
{
	unsigned below = depth ? with_pointer(parked, depth - 1) : park(parked);
	HERE();
	return below + 1;
}

/* A frame pointer in some of the frames, and saved by the others. */
static NOINLINE unsigned mixed(struct parked *parked, unsigned depth)
{
	if (depth > 2)
		return mixed(parked, depth - 1) + 1;
	return with_pointer(parked, depth) + 1;
}

/* The same return addresses at distances that differ. */
static NOINLINE unsigned stretched(struct parked *parked, unsigned depth)
{
	volatile char *room = alloca(parked->locals);
	room[0] = 1;
	unsigned below = depth ? stretched(parked, depth - 1) : park(parked);
	HERE();
	return below + (unsigned)room[0];
}

static NOINLINE void *parked_main(void *argument)
{
	struct parked *parked = argument;
	parked->descend(parked, parked->depth);
	HERE();
	return NULL;
}

static struct parked all[] = {
	{.descend = plain, .depth = 3},
	{.descend = plain, .depth = 3},
	{.descend = plain, .depth = 4},
	{.descend = with_pointer, .depth = 3},
	{.descend = with_pointer, .depth = 3},
	{.descend = with_pointer, .depth = 6},
	{.descend = mixed, .depth = 4},
	{.descend = mixed, .depth = 4},
	{.descend = stretched, .depth = 2, .locals = 16},
	{.descend = stretched, .depth = 2, .locals = 16},
	{.descend = stretched, .depth = 2, .locals = 112},
};
#define COUNT (sizeof all / sizeof *all)

static void parked_start(struct parked *parked)
{
	assert_int_equal(pthread_create(&parked->thread, NULL, parked_main, parked), 0);
	while (atomic_load(&parked->word) == 0)
		sys_call4(SYS_futex, (long)&parked->word, FUTEX_WAIT, 0, 0);
	uintptr_t sp = parked->registers.sp;
	size_t bytes = COPY_BYTES;
	while (sys_peek(parked->copy, sp, bytes) != (long)bytes)
		bytes /= 2;
	const struct stack_view view = {.bytes = parked->copy, .low = sp, .high = sp + bytes};
	parked->walk =
		(struct walk){.frames = parked->frames, .room = FRAMES, .trail = &parked->trail};
	stack_walk(&parked->registers, HAVE_ALL, &view, WALK_WITH_LIBUNWIND, &parked->walk);
	assert_int_equal(parked->walk.end, WALK_WHOLE);
}

static int start_all(void **state)
{
	(void)state;
	rules_init();
	modules_init();
	modules_begin();
	for (size_t i = 0; i < COUNT; i++)
		parked_start(&all[i]);
	return 0;
}

static int stop_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		atomic_store(&all[i].word, 2);
		sys_call4(SYS_futex, (long)&all[i].word, FUTEX_WAKE, 1, 0);
		pthread_join(all[i].thread, NULL);
	}
	return 0;
}

static bool same_frames(const struct parked *a, const struct parked *b)
{
	return a->walk.count == b->walk.count &&
	       memcmp(a->frames, b->frames, a->walk.count * sizeof *a->frames) == 0;
}

static bool leads(const struct parked *from, const struct parked *to)
{
	return trail_leads(&from->trail, &to->registers, to->copy, COPY_BYTES);
}

static void a_trail_leads_where_a_walk_does(void **state)
{
	(void)state;
	unsigned led = 0;
	for (size_t i = 0; i < COUNT; i++) {
		assert_true(all[i].trail.whole);
		for (size_t j = 0; j < COUNT; j++) {
			bool alike =
				all[i].descend == all[j].descend && all[i].depth == all[j].depth;
			assert_int_equal(same_frames(&all[i], &all[j]), alike);
			assert_int_equal(
				leads(&all[i], &all[j]), alike && all[i].locals == all[j].locals);
			led += i != j && leads(&all[i], &all[j]);
		}
	}
	assert_int_equal(led, 8);
}

/* Every word that the walk depended on, changed by one bit. */
static void a_damaged_stack_is_not_vouched_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		struct parked *parked = &all[i];
		const struct trail *trail = &parked->trail;
		assert_true(trail->count >= parked->walk.count - 1);
		for (unsigned n = 0; n < trail->count; n++) {
			uint32_t offset = trail->words[n].offset;
			if (offset == TRAIL_BP)
				continue;
			parked->copy[offset] ^= 4;
			assert_false(leads(parked, parked));
			parked->copy[offset] ^= 4;
		}
		assert_true(leads(parked, parked));
	}
}

static void other_registers_are_not_vouched_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		struct parked *parked = &all[i];
		const struct registers kept = parked->registers;
		parked->registers.pc++;
		assert_false(leads(parked, parked));
		parked->registers = kept;
		const struct trail *trail = &parked->trail;
		assert_false(trail_leads(trail, &kept, parked->copy, trail->bytes - 1));
		assert_true(trail_leads(trail, &kept, parked->copy, trail->bytes));
	}
}

static void what_was_kept_is_found_until_the_next_snapshot(void **state)
{
	(void)state;
	struct stack *const stacks[] = {(struct stack *)&all[0], (struct stack *)&all[1]};
	const struct parked *deep = &all[5], *flat = &all[4];
	recall_begin();
	assert_null(recall_find(&deep->registers, deep->copy, COPY_BYTES));
	assert_int_equal(recall_bytes(deep->registers.pc), 0);
	recall_keep(&deep->trail, stacks[0]);
	recall_keep(&flat->trail, stacks[1]);
	assert_ptr_equal(recall_find(&deep->registers, deep->copy, COPY_BYTES), stacks[0]);
	assert_ptr_equal(recall_find(&flat->registers, flat->copy, COPY_BYTES), stacks[1]);
	assert_ptr_equal(recall_find(&all[3].registers, all[3].copy, COPY_BYTES), stacks[1]);
	assert_null(recall_find(&all[0].registers, all[0].copy, COPY_BYTES));
	assert_int_equal(recall_bytes(deep->registers.pc), deep->trail.bytes);
	for (int i = 0; i < 100; i++)
		recall_keep(&flat->trail, stacks[1]);
	assert_null(recall_find(&deep->registers, deep->copy, COPY_BYTES));
	recall_begin();
	assert_null(recall_find(&flat->registers, flat->copy, COPY_BYTES));
}

/* What is copied in one go is what is copied one by one, up to the first that is not there. */
static void starts_are_copied_together(void **state)
{
	(void)state;
	struct frozen_start starts[COUNT];
	for (size_t i = 0; i < COUNT; i++)
		starts[i] = (struct frozen_start){.low = all[i].registers.sp, .bytes = 512};
	starts[COUNT - 2].low = 8;
	frozen_copy(starts, COUNT);
	for (size_t i = 0; i < COUNT - 2; i++)
		assert_memory_equal(starts[i].copy, all[i].copy, 512);
	assert_null(starts[COUNT - 2].copy);
	assert_null(starts[COUNT - 1].copy);

	/* A walk that needs more than what was copied copies more. (It leaves out frames of the shim, of which this
	 * test is one.) */
	static struct frozen whole, again;
	for (size_t i = 0; i < COUNT - 2; i++) {
		starts[i].bytes = 64;
		assert_true(frozen_walk(&all[i].registers, HAVE_ALL, NULL, &whole));
		assert_true(frozen_walk(&all[i].registers, HAVE_ALL, &starts[i], &again));
		assert_int_equal(again.count, whole.count);
		assert_memory_equal(again.frames, whole.frames, again.count * sizeof *again.frames);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_trail_leads_where_a_walk_does),
		cmocka_unit_test(a_damaged_stack_is_not_vouched_for),
		cmocka_unit_test(other_registers_are_not_vouched_for),
		cmocka_unit_test(what_was_kept_is_found_until_the_next_snapshot),
		cmocka_unit_test(starts_are_copied_together),
	};
	return cmocka_run_group_tests(tests, start_all, stop_all);
}
