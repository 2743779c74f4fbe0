/*
 * slot.c - slots of threads: each one's own, reused without being mistaken, and true about waits, also
 * when a signal handler waits, a wait is left by longjmp or cancelled, or somebody reads meanwhile.
 */
#include "preload/slot.h"
#include "preload/threads.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS 4

static void *const none = NULL;

static uint64_t depth_of(const struct slot *slot)
{
	return slot->word & SLOT_DEPTH_MASK;
}

static uint64_t count_of(const struct slot *slot)
{
	return slot->word >> SLOT_DEPTH_BITS;
}

static struct slot *self(void)
{
	return slot_usable(slot_self) ? slot_self : slot_claim();
}

/* Runs start in a thread without a slot and waits for its end. */
static void *in_thread(void *(*start)(void *), void *argument)
{
	pthread_t thread;
	void *result;
	assert_int_equal(pthread_create(&thread, NULL, start, argument), 0);
	assert_int_equal(pthread_join(thread, &result), 0);
	return result;
}

/* --- taken and released ---------------------------------------------------------------------------- */

static void ids_are_never_reused(void **state)
{
	(void)state;
	uint64_t last = 0;
	for (int i = 0; i < 1000; i++) {
		struct slot *slot = slot_take();
		assert_true(slot->id > last);
		last = slot->id;
		slot_release(slot);
	}
}

static void a_released_slot_is_the_next_one(void **state)
{
	(void)state;
	struct slot *slot = slot_take();
	uint32_t end = slots_end();
	slot_release(slot);
	assert_ptr_equal(slot_take(), slot);
	assert_int_equal(slots_end(), end);
	assert_ptr_equal(slot_at(slot->index), slot);
	slot_release(slot);
}

static void a_taken_slot_has_nothing_of_the_thread_before(void **state)
{
	(void)state;
	struct slot *slot = slot_take();
	uint64_t id = slot->id;
	slot_begin(slot, SLOT_DETACHED);
	slot->tid = 7;
	slot->pthread = 8;
	slot->stack_low = slot->stack_high = slot->stack_bytes = 9;
	slot->creator = (struct creator *)&none;
	slot->word = 41 << SLOT_DEPTH_BITS | 2;
	slot->exit_rounds = 3;
	strcpy(slot->name, "before");
	slot_release(slot);
	assert_ptr_equal(slot_take(), slot);
	assert_int_equal(slot->flags, 0);
	assert_int_equal(slot->tid, 0);
	assert_int_equal(slot->pthread, 0);
	assert_int_equal(slot->stack_high, 0);
	assert_int_equal(slot->stack_bytes, 0);
	assert_null(slot->creator);
	assert_int_equal(slot->exit_rounds, 0);
	assert_string_equal(slot->name, "");
	assert_int_not_equal(slot->id, id);
	/* No wait, but the count goes on, so that a reader sees another word. */
	assert_int_equal(depth_of(slot), 0);
	assert_int_equal(count_of(slot), 41);
	assert_int_equal(slot->first_count, 41);
	slot_release(slot);
}

static _Atomic uint64_t owners[DUMP_THREADS_MAX];

/* Takes a few, checks that nobody else has them, gives them back in another order. */
static void *take_and_release(void *argument)
{
	enum { HELD = 5, ROUNDS = 40000 };
	uint64_t me = (uintptr_t)argument, twice = 0;
	for (int round = 0; round < ROUNDS; round++) {
		struct slot *held[HELD];
		for (int i = 0; i < HELD; i++) {
			held[i] = slot_take();
			twice += atomic_exchange(&owners[held[i]->index], me) != 0;
		}
		for (int i = 0; i < HELD; i++) {
			struct slot *slot = held[(i * 2 + round) % HELD];
			twice += atomic_exchange(&owners[slot->index], 0) != me;
			slot_release(slot);
		}
	}
	return (void *)twice;
}

static void a_slot_is_one_threads_at_a_time(void **state)
{
	(void)state;
	pthread_t threads[WORKERS];
	for (uintptr_t i = 0; i < WORKERS; i++)
		pthread_create(&threads[i], NULL, take_and_release, (void *)(i + 1));
	for (int i = 0; i < WORKERS; i++) {
		void *twice;
		pthread_join(threads[i], &twice);
		assert_int_equal((uintptr_t)twice, 0);
	}
	assert_true(slots_end() <= WORKERS * 5 + 8);
}

static struct slot *handlers_own;
static volatile unsigned interrupted;

/* Turns the head of the free list from one slot to another and back, while the next one goes; and the next
 * time gives that back. */
static void take_two_and_release_the_first(int signal)
{
	(void)signal;
	if (interrupted++ % 2) {
		atomic_store(&owners[handlers_own->index], 0);
		slot_release(handlers_own);
		return;
	}
	struct slot *first = slot_take();
	handlers_own = slot_take();
	atomic_store(&owners[handlers_own->index], 9);
	slot_release(first);
}

static void a_handler_may_take_and_release_meanwhile(void **state)
{
	(void)state;
	static const struct itimerval often = {{0, 20}, {0, 20}}, never;
	uint64_t twice = 0;
	signal(SIGALRM, take_two_and_release_the_first);
	setitimer(ITIMER_REAL, &often, NULL);
	while (interrupted < 5000) {
		struct slot *slot = slot_take();
		twice += atomic_exchange(&owners[slot->index], 1) != 0;
		atomic_store(&owners[slot->index], 0);
		slot_release(slot);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	assert_int_equal(twice, 0);
}

static void none_is_given_beyond_the_limit(void **state)
{
	(void)state;
	pid_t child = fork();
	if (child == 0) {
		slots_forget();
		uint32_t taken = 0;
		while (taken <= DUMP_THREADS_MAX && slot_take())
			taken++;
		_exit(taken == DUMP_THREADS_MAX && slots_denied == 1 && !slot_take() &&
					slots_denied == 2 && slots_end() == DUMP_THREADS_MAX
				? 0
				: 1);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* --- waits ----------------------------------------------------------------------------------------- */

/* A wrapper whose real call is to look at its own slot. */
static __attribute__((noinline)) struct wait wait_once(
	enum wait_kind kind, uint64_t object, uint32_t timed)
{
	struct stay stay = wait_enter(kind, object, timed);
	struct wait wait = {0};
	if (stay_slot(stay))
		wait = stay_slot(stay)->waits[stay_depth(stay)];
	wait_leave(stay);
	return wait;
}

static void a_wait_is_recorded_while_it_lasts(void **state)
{
	(void)state;
	struct slot *slot = self();
	uint64_t count = count_of(slot);
	struct stay stay = wait_enter(WAIT_SEM, 0x1234, TIMED);
	assert_int_equal(depth_of(slot), 1);
	assert_int_equal(count_of(slot), count + 1);
	assert_int_equal(slot->waits[0].kind, WAIT_SEM);
	assert_int_equal(slot->waits[0].object, 0x1234);
	assert_int_equal(slot->waits[0].timed, 1);
	assert_int_equal(slot->waits[0].entry, count);
	wait_leave(stay);
	assert_int_equal(depth_of(slot), 0);
	assert_int_equal(count_of(slot), count + 2);
}

static void registers_are_the_wrappers(void **state)
{
	(void)state;
	struct wait wait = wait_once(WAIT_READ, 3, UNTIMED);
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	assert_true(wait.registers.sp < here && here - wait.registers.sp < 4096);
	assert_true(wait.registers.pc > (uintptr_t)wait_once &&
		    wait.registers.pc < (uintptr_t)wait_once + 512);
}

static void a_wait_within_a_wait_is_a_level_deeper(void **state)
{
	(void)state;
	struct slot *slot = self();
	struct stay stay = wait_enter(WAIT_JOIN, 1, UNTIMED);
	struct wait inner = wait_once(WAIT_MUTEX, 2, UNTIMED);
	assert_int_equal(inner.kind, WAIT_MUTEX);
	assert_int_equal(inner.object, 2);
	assert_int_equal(depth_of(slot), 1);
	assert_int_equal(slot->waits[0].kind, WAIT_JOIN);
	wait_leave(stay);
	assert_int_equal(depth_of(slot), 0);
}

/* How many of the waits nested in each other, each in a deeper frame, are recorded. */
static __attribute__((noinline)) int nest(int levels)
{
	struct stay stay = wait_enter(WAIT_SLEEP, (uint64_t)levels, TIMED);
	int recorded = stay_slot(stay) != NULL;
	if (levels > 1)
		recorded += nest(levels - 1);
	wait_leave(stay);
	return recorded;
}

static void deeper_than_there_is_room_nothing_is_recorded(void **state)
{
	(void)state;
	struct slot *slot = self();
	assert_int_equal(nest(SLOT_NESTING), SLOT_NESTING);
	assert_int_equal(nest(SLOT_NESTING + 3), SLOT_NESTING);
	assert_int_equal(depth_of(slot), 0);
}

static jmp_buf back;

static __attribute__((noinline)) void leave_by_jump(int frames)
{
	volatile char room[256];
	room[0] = (char)frames;
	if (frames)
		leave_by_jump(frames - 1);
	struct stay stay = wait_enter(WAIT_COND, 99, UNTIMED);
	if (room[0] == 0)
		longjmp(back, 1);
	wait_leave(stay);
}

static void a_wait_left_by_longjmp_is_dropped_by_the_next(void **state)
{
	(void)state;
	struct slot *slot = self();
	for (int round = 0; round < 3; round++) {
		if (!setjmp(back))
			leave_by_jump(3);
		assert_int_equal(depth_of(slot), 1); /* nobody has noticed yet */
	}
	struct stay stay = wait_enter(WAIT_SEM, 7, UNTIMED);
	assert_int_equal(depth_of(slot), 1);
	assert_int_equal(slot->waits[0].kind, WAIT_SEM);
	wait_leave(stay);
	assert_int_equal(depth_of(slot), 0);
}

/* --- readers --------------------------------------------------------------------------------------- */

static _Atomic(struct slot *) written;
static _Atomic bool enough;

/* Waits whose object says which entry they are, of all lengths up to several looks. */
static void *wait_and_wait(void *unused)
{
	struct slot *slot = self();
	atomic_store(&written, slot);
	for (unsigned length = 0; !enough; length = (length + 1) % 256) {
		struct stay stay = wait_enter(WAIT_FUTEX, count_of(slot) * 3, UNTIMED);
		for (unsigned i = 0; i < length; i++)
			__asm__ volatile("" ::: "memory");
		wait_leave(stay);
	}
	return unused;
}

static void what_is_read_under_one_word_is_one_wait(void **state)
{
	(void)state;
	pthread_t thread;
	unsigned consistent = 0, wrong = 0;
	written = NULL;
	enough = false;
	pthread_create(&thread, NULL, wait_and_wait, NULL);
	while (!written)
		;
	struct slot *slot = written;
	for (uint64_t look = 0; consistent < 100000 && look < 200000000; look++) {
		uint64_t word = atomic_load_explicit(&slot->word, memory_order_acquire);
		if (!(word & SLOT_DEPTH_MASK))
			continue;
		struct wait wait = *(volatile struct wait *)&slot->waits[0];
		atomic_thread_fence(memory_order_acquire);
		if (atomic_load_explicit(&slot->word, memory_order_relaxed) != word ||
			wait.entry == WAIT_UNFILLED)
			continue;
		consistent++;
		wrong += wait.object != wait.entry * 3 || wait.entry + 1 != word >> SLOT_DEPTH_BITS;
	}
	enough = true;
	pthread_join(thread, NULL);
	assert_true(consistent > 0);
	assert_int_equal(wrong, 0);
}

/* --- signals and cancellation ---------------------------------------------------------------------- */

static volatile uint64_t handler_depth, handler_id;

static void wait_in_handler(int signal)
{
	struct stay stay = wait_enter(WAIT_SEM, (uint64_t)signal, UNTIMED);
	handler_depth = stay_slot(stay) ? depth_of(stay_slot(stay)) : 0;
	handler_id = stay_slot(stay) ? stay_slot(stay)->id : 0;
	wait_leave(stay);
}

static void *raise_without_slot(void *unused)
{
	uint32_t before = slots_end();
	raise(SIGUSR1);
	uint64_t id = handler_id;
	bool claimed = slot_usable(slot_self) && slot_self->id == id &&
		       slot_flags_are_of(slot_self->flags, id) && slot_self->flags & SLOT_FOREIGN &&
		       slot_self->tid == gettid() && slot_of(pthread_self()) == slot_self;
	raise(SIGUSR1);
	bool once = handler_id == id && slots_end() <= before + 1;
	(void)unused;
	return (void *)(uintptr_t)(claimed << 0 | once << 1 | handler_depth << 2);
}

static void a_handler_may_be_the_first_to_wait(void **state)
{
	(void)state;
	signal(SIGUSR1, wait_in_handler);
	assert_int_equal((uintptr_t)in_thread(raise_without_slot, NULL), 1 | 2 | 1 << 2);
}

static void a_handler_waits_within_a_wait(void **state)
{
	(void)state;
	struct slot *slot = self();
	uint64_t count = count_of(slot);
	signal(SIGUSR1, wait_in_handler);
	struct stay stay = wait_enter(WAIT_READ, 0, UNTIMED);
	raise(SIGUSR1);
	assert_int_equal(handler_depth, 2);
	assert_int_equal(depth_of(slot), 1);
	assert_int_equal(slot->waits[0].kind, WAIT_READ);
	assert_int_equal(count_of(slot), count + 3); /* another word: the stack below was used */
	wait_leave(stay);
	assert_int_equal(count_of(slot), count + 4);
}

static _Atomic(struct slot *) cancelled;

static __attribute__((noinline)) int sem_wait_recorded(sem_t *sem)
{
	struct stay stay = wait_enter(WAIT_SEM, (uintptr_t)sem, UNTIMED);
	atomic_store(&cancelled, stay_slot(stay));
	int result = sem_wait(sem);
	wait_leave(stay);
	return result;
}

static void *wait_for_ever(void *sem)
{
	while (sem_wait_recorded(sem) == 0)
		;
	return NULL;
}

static void cancellation_ends_the_wait(void **state)
{
	(void)state;
	sem_t sem;
	pthread_t thread;
	void *result;
	sem_init(&sem, 0, 0);
	cancelled = NULL;
	pthread_create(&thread, NULL, wait_for_ever, &sem);
	while (!cancelled)
		;
	assert_int_equal(depth_of(cancelled), 1);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	assert_ptr_equal(result, PTHREAD_CANCELED);
	assert_int_equal(depth_of(cancelled), 0);
	sem_destroy(&sem);
}

/* --- found by handle ------------------------------------------------------------------------------- */

static void *find_none_then_self(void *unused)
{
	(void)unused;
	if (slot_of(pthread_self()))
		return (void *)1;
	struct slot *slot = slot_claim();
	slot_self = SLOT_NONE;
	if (slot_of(pthread_self()))
		return (void *)2;
	slot_self = slot_parted(slot);
	if (slot_of(pthread_self()) != slot || slot_usable(slot_self))
		return (void *)3;
	slot_release(slot);
	return slot_of(pthread_self()) ? (void *)4 : NULL;
}

static void a_slot_is_found_by_its_threads_handle(void **state)
{
	(void)state;
	assert_ptr_equal(slot_of(pthread_self()), self());
	assert_int_equal((uintptr_t)in_thread(find_none_then_self, NULL), 0);
}

static void flags_name_their_thread(void **state)
{
	(void)state;
	struct slot *slot = slot_take();
	uint64_t id = slot->id;
	assert_false(slot_flags_are_of(slot->flags, id));
	slot_begin(slot, SLOT_DETACHED);
	assert_true(slot_flags_are_of(slot->flags, id));
	assert_int_equal(slot->flags & (SLOT_EXITED | SLOT_DETACHED | SLOT_FOREIGN), SLOT_DETACHED);
	slot_release(slot);
	assert_false(slot_flags_are_of(slot->flags, id));
	assert_ptr_equal(slot_take(), slot);
	slot_begin(slot, 0);
	assert_false(slot_flags_are_of(slot->flags, id));
	slot_release(slot);
}

static void after_a_fork_there_are_no_slots(void **state)
{
	(void)state;
	pid_t child = fork();
	if (child == 0) {
		slots_forget();
		slot_self = NULL;
		struct slot *slot = slot_claim();
		_exit(slots_end() == 1 && slot->id == 1 && slot_at(0) == slot ? 0 : 1);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static int prepare(void **state)
{
	(void)state;
	threads_init();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_never_reused),
		cmocka_unit_test(a_released_slot_is_the_next_one),
		cmocka_unit_test(a_taken_slot_has_nothing_of_the_thread_before),
		cmocka_unit_test(a_slot_is_one_threads_at_a_time),
		cmocka_unit_test(a_handler_may_take_and_release_meanwhile),
		cmocka_unit_test(none_is_given_beyond_the_limit),
		cmocka_unit_test(a_wait_is_recorded_while_it_lasts),
		cmocka_unit_test(registers_are_the_wrappers),
		cmocka_unit_test(a_wait_within_a_wait_is_a_level_deeper),
		cmocka_unit_test(deeper_than_there_is_room_nothing_is_recorded),
		cmocka_unit_test(a_wait_left_by_longjmp_is_dropped_by_the_next),
		cmocka_unit_test(what_is_read_under_one_word_is_one_wait),
		cmocka_unit_test(a_handler_may_be_the_first_to_wait),
		cmocka_unit_test(a_handler_waits_within_a_wait),
		cmocka_unit_test(cancellation_ends_the_wait),
		cmocka_unit_test(a_slot_is_found_by_its_threads_handle),
		cmocka_unit_test(flags_name_their_thread),
		cmocka_unit_test(after_a_fork_there_are_no_slots),
	};
	return cmocka_run_group_tests(tests, prepare, NULL);
}
