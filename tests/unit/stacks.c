/*
 * stacks.c - equal stacks are one stack, for as long as their generation lasts.
 */
#include "preload/stacks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#define MANY 65536u /* stacks that are kept before a generation ends */

static void equal_stacks_are_one(void **state)
{
	(void)state;
	uintptr_t frames[] = {0x1001, 0x2002, 0x3003}, same[] = {0x1001, 0x2002, 0x3003};
	struct stack *stack = stack_intern(frames, 3);
	assert_non_null(stack);
	frames[0] = 0; /* they were copied */
	assert_ptr_equal(stack_intern(same, 3), stack);
}

static void a_prefix_or_another_order_is_another_stack(void **state)
{
	(void)state;
	static const uintptr_t frames[] = {0x1001, 0x2002, 0x3003}, turned[] = {0x2002, 0x1001};
	struct stack *whole = stack_intern(frames, 3), *prefix = stack_intern(frames, 2);
	assert_ptr_not_equal(whole, prefix);
	assert_ptr_not_equal(prefix, stack_intern(turned, 2));
	assert_ptr_not_equal(prefix, stack_intern(frames, 1));
}

static void frames_come_back(void **state)
{
	(void)state;
	uintptr_t frames[256];
	unsigned count = 0;
	for (unsigned i = 0; i < 256; i++)
		frames[i] = UINTPTR_MAX - i;
	const struct stack *stack = stack_intern(frames, 256);
	const uintptr_t *kept = stack_frames(stack, &count);
	assert_int_equal(count, 256);
	assert_memory_equal(kept, frames, sizeof frames);
}

static void no_frames_are_no_stack(void **state)
{
	(void)state;
	uintptr_t frame = 1;
	unsigned count = 1;
	assert_null(stack_intern(&frame, 0));
	assert_null(stack_frames(NULL, &count));
	assert_int_equal(count, 0);
}

static void a_mark_is_its_users(void **state)
{
	(void)state;
	static const uintptr_t frames[] = {0x42};
	struct stack *stack = stack_intern(frames, 1);
	assert_int_equal(*stack_mark(stack), 0);
	*stack_mark(stack) = 7;
	assert_int_equal(*stack_mark(stack_intern(frames, 1)), 7);
}

static void stacks_fill(uintptr_t base, unsigned count)
{
	for (uintptr_t i = 0; i < count; i++) {
		uintptr_t frames[] = {base + i, 0x5000};
		assert_non_null(stack_intern(frames, 2));
	}
}

static void a_generation_ends_when_there_are_very_many(void **state)
{
	(void)state;
	uint32_t generation = stacks_generation();
	static const uintptr_t frames[] = {0x77};
	struct stack *stack = stack_intern(frames, 1);
	*stack_mark(stack) = 7;
	stacks_fill(0x100000, 1000);
	assert_int_equal(stacks_generation(), generation);
	assert_int_equal(*stack_mark(stack_intern(frames, 1)), 7);
	stacks_fill(0x200000, MANY);
	assert_int_equal(stacks_generation(), generation + 1);
	assert_int_equal(*stack_mark(stack_intern(frames, 1)), 0);
	assert_int_equal(stacks_generation(), generation + 1);
}

static void after_a_fork_nothing_is_known(void **state)
{
	(void)state;
	static const uintptr_t frames[] = {0x88};
	uint32_t generation = stacks_generation();
	*stack_mark(stack_intern(frames, 1)) = 7;
	stacks_forget();
	assert_int_not_equal(stacks_generation(), generation);
	assert_int_equal(*stack_mark(stack_intern(frames, 1)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_stacks_are_one),
		cmocka_unit_test(a_prefix_or_another_order_is_another_stack),
		cmocka_unit_test(frames_come_back),
		cmocka_unit_test(no_frames_are_no_stack),
		cmocka_unit_test(a_mark_is_its_users),
		cmocka_unit_test(a_generation_ends_when_there_are_very_many),
		cmocka_unit_test(after_a_fork_nothing_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
