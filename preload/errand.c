/*
 * errand.c - two stacks, and who goes on with the watcher's own.
 *
 * The watcher leaves its stack at one place, known as `left`, and goes on the errand on another one. Meanwhile a
 * deputy waits, no longer than it should, for the errand's end. Whoever changes the state first returns to the place:
 * the watcher, or the deputy, which has the same thread-local variables. A deputy ends then, or when the watcher, late,
 * relieves it.
 *
 * The deputy is not libc's: it may never do what a thread with a life of its own may (deputy.h). Nor does the watcher,
 * but for errands.
 */
#include "preload/errand.h"
#include "preload/arena.h"
#include "preload/deputy.h"
#include "preload/outlive.h"
#include "preload/sys.h"

#include <stdint.h>

#define STACK_BYTES ((size_t)256 << 10) /* for the loader, and whatever allocator the host has */
#define FOREVER_MS  (24u * 3600 * 1000)

enum { AT_HOME, LEAVING, AWAY, BACK, GIVEN_UP, LATE, RELIEVES, UNWANTED };

static _Atomic int state;

static struct {
	struct deputy deputy;
	void (*run)(void);
	unsigned ms;
	char *stack;
	void *left; /* the watcher's stack pointer, where it was left */
	void *deputys; /* the deputy's, likewise */
} errand;

/* Leaves one stack, its pointer to *left, for another that was left so. */
void stack_switch(void **left, void *other) __attribute__((visibility("hidden")));

__asm__(".pushsection .text\n"
	".hidden stack_switch\n"
	".type stack_switch, @function\n"
	"stack_switch:\n"
	"	.cfi_startproc\n"
	"	pushq %rbp\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	pushq %rbx\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	pushq %r12\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	pushq %r13\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	pushq %r14\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	pushq %r15\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	movq %rsp, (%rdi)\n"
	"	movq %rsi, %rsp\n"
	"	popq %r15\n"
	"	popq %r14\n"
	"	popq %r13\n"
	"	popq %r12\n"
	"	popq %rbx\n"
	"	popq %rbp\n"
	"	.cfi_adjust_cfa_offset -48\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size stack_switch, . - stack_switch\n"
	".popsection\n");

/* A stack that looks as if it had been left before the first instruction of entry, which must not return. */
static void *stack_begin(char *stack, void (*entry)(void))
{
	uintptr_t *top = (uintptr_t *)(stack + STACK_BYTES);
	*--top = 0; /* whom entry would return to */
	*--top = (uintptr_t)entry;
	return top - 6;
}

/* In the watcher, on the errand's stack. */
static void away(void)
{
	void *here;
	state_change(&state, LEAVING, AWAY);
	errand.run();
	if (!state_change(&state, AWAY, BACK)) {
		state_change(&state, GIVEN_UP, LATE);
		while (state == LATE)
			state_await(&state, LATE, FOREVER_MS);
	}
	if (state == UNWANTED)
		outlive_end();
	stack_switch(&here, errand.left);
}

/* In the deputy. */
static void stand_in(void *unused)
{
	(void)unused;
	state_await(&state, LEAVING, FOREVER_MS);
	state_await(&state, AWAY, errand.ms);
	if (!state_change(&state, AWAY, GIVEN_UP))
		return;
	stack_switch(&errand.deputys, errand.left);
	state_change(&state, LATE, RELIEVES);
}

/* Back on the watcher's stack, in the watcher. */
static void come_home(void)
{
	if (deputy_await(&errand.deputy, FOREVER_MS))
		arena_unmap(errand.stack, STACK_BYTES);
	state = AT_HOME;
}

bool errand_run(void (*run)(void), unsigned ms)
{
	errand.stack = state == AT_HOME ? arena_map(STACK_BYTES) : NULL;
	if (!errand.stack)
		return false;
	errand.run = run;
	errand.ms = ms;
	state = LEAVING;
	if (!deputy_start(&errand.deputy, stand_in, NULL)) {
		state = AT_HOME;
		arena_unmap(errand.stack, STACK_BYTES);
		return false;
	}
	stack_switch(&errand.left, stack_begin(errand.stack, away));
	if (state != BACK)
		return false;
	come_home();
	return true;
}

void errand_relieve(void)
{
	if (state != LATE)
		return;
	stack_switch(&errand.left, errand.deputys);
	come_home();
}

void errand_end(void)
{
	if (!state_change(&state, GIVEN_UP, UNWANTED))
		state_change(&state, LATE, UNWANTED);
}

bool errand_await(unsigned ms)
{
	uint64_t end_ns = sys_clock_ns(CLOCK_MONOTONIC) + ms * UINT64_C(1000000);
	for (int now; (now = state) == LEAVING || now == AWAY || now == GIVEN_UP;) {
		uint64_t now_ns = sys_clock_ns(CLOCK_MONOTONIC);
		if (now_ns >= end_ns)
			return false;
		state_await(&state, now, (unsigned)((end_ns - now_ns) / 1000000u) + 1);
	}
	return true;
}

void errand_forget(void)
{
	state = AT_HOME;
}
