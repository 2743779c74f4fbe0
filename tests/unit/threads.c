/*
 * threads.c - the lives of threads: however they end and are joined or detached, in whatever order, each is
 * counted once and leaves nothing behind; what nobody joins stays.
 *
 * The calls are those of the interposers in shim_threads.c around the real ones.
 *
 * Not under the sanitizers: their own records of threads meet ends of threads that they do not see.
 */
#include "preload/threads.h"
#include "preload/creators.h"
#include "preload/modules.h"
#include "preload/newborn.h"
#include "preload/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <threads.h>
#include <unistd.h>

#define MANY 2000

/* --- as the interposers ---------------------------------------------------------------------------- */

static int create(
	pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument)
{
	struct slot *slot = thread_prepare(start, argument, attributes);
	assert_non_null(slot);
	int error = pthread_create(thread, attributes, thread_start, slot);
	if (error)
		thread_not_created(slot);
	else
		thread_created();
	return error;
}

static void *join(pthread_t thread)
{
	void *result = NULL;
	struct target target = thread_target(thread);
	assert_int_equal(pthread_join(thread, &result), 0);
	thread_joined(target);
	return result;
}

static void detach(pthread_t thread)
{
	thread_detaching(thread_target(thread));
	assert_int_equal(pthread_detach(thread), 0);
}

/* --- what is left ---------------------------------------------------------------------------------- */

struct lives {
	unsigned alive, unjoined;
	uint64_t started, exited;
};

static struct lives lives(void)
{
	struct lives lives = {.started = slots_started, .exited = slots_exited.count};
	for (uint32_t i = 0; i < slots_end(); i++) {
		uint32_t flags = slot_at(i) ? slot_at(i)->flags : 0;
		if (!(flags & SLOT_USED))
			continue;
		lives.alive += !(flags & SLOT_EXITED);
		lives.unjoined += flags & SLOT_EXITED && !(flags & SLOT_DETACHED);
	}
	return lives;
}

static struct lives before;

static int remember(void **state)
{
	(void)state;
	before = lives();
	return 0;
}

/* Waits until all that was created since is gone, but for unjoined ones. */
static void assert_gone(unsigned created, unsigned unjoined)
{
	struct lives now = lives();
	for (int ms = 0; ms < 10000 && now.alive > before.alive; ms++) {
		usleep(1000);
		now = lives();
	}
	assert_int_equal(now.alive, before.alive);
	assert_int_equal(now.unjoined, before.unjoined + unjoined);
	assert_int_equal(now.started, before.started + created);
	assert_int_equal(now.exited, before.exited + created);
}

/* Waits until the thread is past its end, as far as its slot says. */
static void await_end(pthread_t thread)
{
	struct slot *slot = slot_of(thread);
	for (int ms = 0; ms < 10000 && slot && !(slot->flags & SLOT_EXITED); ms++) {
		usleep(1000);
		slot = slot_of(thread);
	}
	assert_non_null(slot);
	assert_true(slot->flags & SLOT_EXITED);
}

/* --- threads --------------------------------------------------------------------------------------- */

static void *return_at_once(void *argument)
{
	return argument;
}

static void *return_when_posted(void *sem)
{
	sem_wait(sem);
	return sem;
}

static void *exit_by_call(void *argument)
{
	pthread_exit(argument);
}

static void *wait_to_be_cancelled(void *sem)
{
	sem_post(sem);
	for (;;)
		pause();
	return NULL;
}

static void *end_without_destructors(void *argument)
{
	syscall(SYS_exit, 0);
	return argument;
}

/* --- a thread has what it was given ----------------------------------------------------------------- */

static void *look_at_self(void *found)
{
	*(struct slot *)found = *slot_self;
	return found;
}

static void a_slot_says_who_its_thread_is(void **state)
{
	(void)state;
	struct slot found = {0};
	pthread_t thread;
	create(&thread, NULL, look_at_self, &found);
	assert_ptr_equal(join(thread), &found);
	assert_int_equal(found.flags & (SLOT_EXITED | SLOT_DETACHED | SLOT_FOREIGN), 0);
	assert_int_equal(found.pthread, thread);
	assert_true(found.tid > 0 && found.tid != getpid());
	assert_ptr_equal(found.start, look_at_self);
	assert_ptr_equal(found.start_argument, &found);
	assert_non_null(found.creator);
	assert_int_equal(found.creator->kind, CREATES_THREAD);
	assert_gone(1, 0);
}

static void *address_of_locals(void *bounds)
{
	struct slot *slot = slot_self;
	volatile char room[64] = {0};
	uintptr_t here = (uintptr_t)room;
	*(uintptr_t *)bounds = slot->stack_low < here && here < slot->stack_high;
	return bounds;
}

static void stack_bounds_come_from_the_attributes(void **state)
{
	(void)state;
	pthread_attr_t attributes;
	pthread_t thread;
	uintptr_t within = 0;
	struct slot found = {0};
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 256 << 10);
	create(&thread, &attributes, look_at_self, &found);
	join(thread);
	assert_int_equal(found.stack_bytes, 256 << 10);
	assert_int_equal(found.stack_high - found.stack_low, 256 << 10);
	create(&thread, NULL, address_of_locals, &within);
	join(thread);
	assert_int_equal(within, 1);
	pthread_attr_destroy(&attributes);
}

static int c11_start(void *number)
{
	return *(int *)number + 1;
}

static void c11_threads_keep_their_result(void **state)
{
	(void)state;
	int number = -43, result = 0;
	thrd_t thread;
	struct slot *slot = thread_prepare((void *(*)(void *))(void *)c11_start, &number, NULL);
	assert_int_equal(thrd_create(&thread, thread_start_c11, slot), thrd_success);
	thread_created();
	struct target target = thread_target(thread);
	assert_int_equal(thrd_join(thread, &result), thrd_success);
	thread_joined(target);
	assert_int_equal(result, -42);
	assert_gone(1, 0);
}

static void a_name_is_kept_and_inherited(void **state)
{
	(void)state;
	struct slot found = {0};
	pthread_t thread;
	thread_named(pthread_self(), "parent of them all, too long");
	assert_string_equal(slot_self->name, "parent of them ");
	create(&thread, NULL, look_at_self, &found);
	join(thread);
	assert_string_equal(found.name, "parent of them ");
	thread_named(pthread_self(), "");
	assert_string_equal(slot_self->name, "");
}

static void a_name_may_be_set_before_the_thread_runs(void **state)
{
	(void)state;
	sem_t sem;
	pthread_t thread;
	sem_init(&sem, 0, 0);
	create(&thread, NULL, return_when_posted, &sem);
	thread_named(thread, "early");
	assert_string_equal(slot_of(thread)->name, "early");
	sem_post(&sem);
	join(thread);
	sem_destroy(&sem);
}

/* --- every way to end ------------------------------------------------------------------------------- */

static struct slot *slot_next(void *(*start)(void *), void *argument)
{
	struct slot *slot = thread_prepare(start, argument, NULL);
	assert_non_null(slot);
	return slot;
}

static void joined_before_it_runs(void **state)
{
	(void)state;
	for (uintptr_t i = 0; i < MANY; i++) {
		pthread_t thread;
		struct slot *slot = slot_next(return_at_once, (void *)i);
		assert_int_equal(pthread_create(&thread, NULL, thread_start, slot), 0);
		thread_created();
		struct target target = thread_target(thread);
		assert_ptr_equal(target.slot, slot);
		assert_int_equal(target.id, slot->id);
		assert_int_equal((uintptr_t)join(thread), i);
	}
	assert_gone(MANY, 0);
}

static void detached_before_it_runs(void **state)
{
	(void)state;
	for (uintptr_t i = 0; i < MANY; i++) {
		pthread_t thread;
		create(&thread, NULL, return_at_once, NULL);
		detach(thread);
	}
	assert_gone(MANY, 0);
}

static void joined_after_its_end(void **state)
{
	(void)state;
	pthread_t thread;
	create(&thread, NULL, return_at_once, &before);
	await_end(thread);
	assert_int_equal(lives().unjoined, before.unjoined + 1);
	assert_ptr_equal(join(thread), &before);
	assert_gone(1, 0);
}

static void detached_after_its_end(void **state)
{
	(void)state;
	pthread_t thread;
	create(&thread, NULL, return_at_once, NULL);
	await_end(thread);
	detach(thread);
	assert_gone(1, 0);
}

static void detached_before_its_end(void **state)
{
	(void)state;
	sem_t sem;
	pthread_t thread;
	sem_init(&sem, 0, 0);
	create(&thread, NULL, return_when_posted, &sem);
	detach(thread);
	assert_int_equal(lives().alive, before.alive + 1);
	sem_post(&sem);
	assert_gone(1, 0);
}

static void created_detached(void **state)
{
	(void)state;
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	for (int i = 0; i < 200; i++) {
		pthread_t thread;
		create(&thread, &attributes, return_at_once, NULL);
	}
	assert_gone(200, 0);
	pthread_attr_destroy(&attributes);
}

static void *detach_oneself(void *unused)
{
	detach(pthread_self());
	return unused;
}

static void detached_by_itself(void **state)
{
	(void)state;
	for (int i = 0; i < 200; i++) {
		pthread_t thread;
		create(&thread, NULL, detach_oneself, NULL);
	}
	assert_gone(200, 0);
}

static void ended_by_pthread_exit(void **state)
{
	(void)state;
	pthread_t thread;
	create(&thread, NULL, exit_by_call, &before);
	assert_ptr_equal(join(thread), &before);
	assert_gone(1, 0);
}

static void ended_by_cancellation(void **state)
{
	(void)state;
	sem_t sem;
	pthread_t thread;
	sem_init(&sem, 0, 0);
	create(&thread, NULL, wait_to_be_cancelled, &sem);
	sem_wait(&sem);
	pthread_cancel(thread);
	assert_ptr_equal(join(thread), PTHREAD_CANCELED);
	assert_gone(1, 0);
	sem_destroy(&sem);
}

static void ended_without_destructors_and_joined(void **state)
{
	(void)state;
	pthread_t thread;
	create(&thread, NULL, end_without_destructors, NULL);
	join(thread);
	assert_gone(1, 0);
}

static void ended_without_destructors_and_seen_by_the_watcher(void **state)
{
	(void)state;
	pthread_t thread;
	create(&thread, NULL, end_without_destructors, NULL);
	struct slot *slot = slot_of(thread);
	int tid;
	while (!(tid = slot->tid) || syscall(SYS_tgkill, getpid(), tid, 0) == 0)
		usleep(100);
	thread_vanished(slot, slot->id - 1); /* whose it was before */
	thread_vanished(slot, slot->id + 1);
	assert_false(slot->flags & SLOT_EXITED);
	thread_vanished(slot, slot->id);
	thread_vanished(slot, slot->id);
	assert_gone(1, 1);
	join(thread);
	assert_gone(1, 0);
}

static void never_joined(void **state)
{
	(void)state;
	pthread_t threads[10];
	for (int i = 0; i < 10; i++)
		create(&threads[i], NULL, return_at_once, NULL);
	assert_gone(10, 10);
	for (int i = 0; i < 10; i++)
		join(threads[i]);
	assert_gone(10, 0);
}

/* --- failures --------------------------------------------------------------------------------------- */

static void what_is_not_created_is_taken_back(void **state)
{
	(void)state;
	pthread_attr_t attributes;
	pthread_t thread;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, (size_t)1 << 46);
	uint64_t made = 0;
	for (uint32_t i = 0; i < CREATORS; i++)
		made += creator_at(i) ? creator_at(i)->made : 0;
	assert_int_not_equal(create(&thread, &attributes, return_at_once, NULL), 0);
	uint64_t made_now = 0;
	for (uint32_t i = 0; i < CREATORS; i++)
		made_now += creator_at(i) ? creator_at(i)->made : 0;
	assert_int_equal(made_now, made);
	assert_gone(0, 0);
	pthread_attr_destroy(&attributes);
}

static void a_failed_join_changes_nothing(void **state)
{
	(void)state;
	sem_t sem;
	pthread_t thread;
	sem_init(&sem, 0, 0);
	create(&thread, NULL, return_when_posted, &sem);
	struct target target = thread_target(thread);
	assert_non_null(target.slot);
	assert_int_equal(pthread_tryjoin_np(thread, NULL), EBUSY);
	assert_int_equal(lives().alive, before.alive + 1);
	sem_post(&sem);
	join(thread);
	assert_gone(1, 0);
	/* Of a thread that is gone, whose slot may be another's. */
	thread_joined(target);
	thread_detaching(target);
	assert_gone(1, 0);
	sem_destroy(&sem);
}

/* --- threads that others made ------------------------------------------------------------------------ */

/* Claims a slot, says so, and ends when it may. */
static void *claim(void *sems)
{
	struct slot *slot = slot_claim();
	sem_post((sem_t *)sems);
	sem_wait((sem_t *)sems + 1);
	return slot;
}

/* Its slot goes with it; whoever joins it must not release it again. */
static void a_foreign_thread_leaves_with_its_slot(void **state)
{
	(void)state;
	sem_t sems[2];
	pthread_t thread;
	void *slot;
	sem_init(&sems[0], 0, 0);
	sem_init(&sems[1], 0, 0);
	pthread_create(&thread, NULL, claim, sems);
	sem_wait(&sems[0]);
	struct target target = thread_target(thread);
	assert_non_null(target.slot);
	sem_post(&sems[1]);
	pthread_join(thread, &slot);
	assert_ptr_equal(slot, target.slot);
	thread_joined(target);
	struct slot *first = slot_take(), *second = slot_take();
	assert_ptr_equal(first, slot);
	assert_ptr_not_equal(first, second);
	slot_release(second);
	slot_release(first);
	assert_gone(0, 0);
}

/* --- destructors -------------------------------------------------------------------------------------- */

static pthread_key_t late;
static _Atomic unsigned rounds_with_slot;

static void wait_in_destructor(void *value)
{
	struct stay stay = wait_enter(WAIT_MUTEX, 1, UNTIMED);
	rounds_with_slot += stay_slot(stay) && !(stay_slot(stay)->flags & SLOT_EXITED);
	wait_leave(stay);
	if ((uintptr_t)value < PTHREAD_DESTRUCTOR_ITERATIONS - 1)
		pthread_setspecific(late, (void *)((uintptr_t)value + 1));
}

static void *end_with_destructors(void *unused)
{
	pthread_setspecific(late, (void *)1);
	return unused;
}

static void waits_in_destructors_are_recorded(void **state)
{
	(void)state;
	pthread_t thread;
	pthread_key_create(&late, wait_in_destructor);
	create(&thread, NULL, end_with_destructors, NULL);
	join(thread);
	/* In the first round; from the second on, the thread counts as finished (see threads.c). */
	assert_int_equal(rounds_with_slot, 1);
	assert_gone(1, 0);
	pthread_key_delete(late);
}

static void a_thread_of_somebody_elses_has_none_before_it_runs(void **state)
{
	(void)state;
	sem_t sem;
	pthread_t thread;
	sem_init(&sem, 0, 0);
	assert_int_equal(pthread_create(&thread, NULL, return_when_posted, &sem), 0);
	assert_null(slot_of(thread));
	assert_null(newborn_find(thread));
	sem_post(&sem);
	join(thread);
	sem_destroy(&sem);
}

/* --- many at once -------------------------------------------------------------------------------------- */

/* Creates threads that end in every way, and joins or detaches them sooner or later. (What ends without
 * destructors is joined: if it were detached, only the watcher could find its end.) */
static void *live_and_let_live(void *unused)
{
	for (unsigned i = 0; i < 500; i++) {
		static void *(*const starts[])(void *) = {
			return_at_once, exit_by_call, return_at_once, end_without_destructors};
		pthread_t thread;
		create(&thread, NULL, starts[i % 4], NULL);
		if (i % 3 == 0)
			sched_yield();
		if (i % 2)
			join(thread);
		else
			detach(thread);
	}
	return unused;
}

static void many_threads_race(void **state)
{
	(void)state;
	pthread_t threads[4];
	for (int i = 0; i < 4; i++)
		create(&threads[i], NULL, live_and_let_live, NULL);
	for (int i = 0; i < 4; i++)
		join(threads[i]);
	assert_gone(4 + 4 * 500, 0);
	assert_int_equal(before.alive, 1);
}

/* --- fork ------------------------------------------------------------------------------------------------ */

static void a_child_has_its_one_thread(void **state)
{
	(void)state;
	sem_t sem;
	pthread_t thread;
	sem_init(&sem, 0, 0);
	create(&thread, NULL, return_when_posted, &sem);
	uintptr_t high = slot_self->stack_high;
	pid_t child = fork();
	if (child == 0) {
		threads_forget();
		before = (struct lives){.alive = 1};
		if (slots_end() != 1 || slot_self->id != 1 || slot_self->tid != getpid() ||
			slot_self->stack_high != high || lives().alive != 1)
			_exit(1);
		create(&thread, NULL, return_at_once, NULL);
		join(thread);
		assert_gone(1, 0);
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	sem_post(&sem);
	join(thread);
	sem_destroy(&sem);
}

static int prepare(void **state)
{
	(void)state;
	modules_init();
	rules_init();
	threads_init();
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, remember)
	const struct CMUnitTest tests[] = {
		TEST(a_slot_says_who_its_thread_is),
		TEST(stack_bounds_come_from_the_attributes),
		TEST(c11_threads_keep_their_result),
		TEST(a_name_is_kept_and_inherited),
		TEST(a_name_may_be_set_before_the_thread_runs),
		TEST(joined_before_it_runs),
		TEST(detached_before_it_runs),
		TEST(joined_after_its_end),
		TEST(detached_after_its_end),
		TEST(detached_before_its_end),
		TEST(created_detached),
		TEST(detached_by_itself),
		TEST(ended_by_pthread_exit),
		TEST(ended_by_cancellation),
		TEST(ended_without_destructors_and_joined),
		TEST(ended_without_destructors_and_seen_by_the_watcher),
		TEST(never_joined),
		TEST(what_is_not_created_is_taken_back),
		TEST(a_failed_join_changes_nothing),
		TEST(a_foreign_thread_leaves_with_its_slot),
		TEST(waits_in_destructors_are_recorded),
		TEST(a_thread_of_somebody_elses_has_none_before_it_runs),
		TEST(many_threads_race),
		TEST(a_child_has_its_one_thread),
	};
	return cmocka_run_group_tests(tests, prepare, NULL);
}
