/*
 * locks.c - what glibc's locks say of their owners, of every kind.
 */
#include "preload/locks.h"
#include "preload/sys.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Held by this thread, then by nobody. */
static void assert_mutex(int type, int robust, int protocol, int shared)
{
	pthread_mutexattr_t attributes;
	pthread_mutex_t mutex;
	struct lock_state state;
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, type);
	pthread_mutexattr_setrobust(&attributes, robust);
	pthread_mutexattr_setprotocol(&attributes, protocol);
	pthread_mutexattr_setpshared(&attributes, shared);
	assert_int_equal(pthread_mutex_init(&mutex, &attributes), 0);
	assert_int_equal(pthread_mutex_lock(&mutex), 0);
	assert_true(mutex_state((uintptr_t)&mutex, &state));
	assert_int_equal(state.owner, sys_gettid());
	assert_int_equal(
		state.shared, shared == PTHREAD_PROCESS_SHARED || robust == PTHREAD_MUTEX_ROBUST);
	pthread_mutex_unlock(&mutex);
	assert_true(mutex_state((uintptr_t)&mutex, &state));
	assert_int_equal(state.owner, 0);
	pthread_mutex_destroy(&mutex);
	pthread_mutexattr_destroy(&attributes);
}

static void test_mutexes(void **state)
{
	(void)state;
	const int types[] = {PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE,
		PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_ADAPTIVE_NP};
	for (int type = 0; type < 4; type++)
		for (int variant = 0; variant < 8; variant++)
			assert_mutex(types[type],
				variant & 1 ? PTHREAD_MUTEX_ROBUST : PTHREAD_MUTEX_STALLED,
				variant & 2 ? PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE,
				variant & 4 ? PTHREAD_PROCESS_SHARED : PTHREAD_PROCESS_PRIVATE);
}

static void test_rwlocks(void **unused)
{
	(void)unused;
	pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
	struct lock_state state;
	assert_true(rwlock_state((uintptr_t)&lock, &state));
	assert_true(state.owner == 0 && state.readers == 0 && !state.shared);
	pthread_rwlock_wrlock(&lock);
	assert_true(rwlock_state((uintptr_t)&lock, &state));
	assert_int_equal(state.owner, sys_gettid());
	assert_int_equal(state.readers, 0);
	pthread_rwlock_unlock(&lock);
	pthread_rwlock_rdlock(&lock);
	pthread_rwlock_rdlock(&lock);
	assert_true(rwlock_state((uintptr_t)&lock, &state));
	assert_int_equal(state.owner, 0);
	assert_int_equal(state.readers, 2);
	pthread_rwlock_unlock(&lock);
	pthread_rwlock_unlock(&lock);
	assert_true(rwlock_state((uintptr_t)&lock, &state));
	assert_true(state.owner == 0 && state.readers == 0);
}

static void test_no_memory_is_an_answer(void **unused)
{
	(void)unused;
	struct lock_state state;
	assert_false(mutex_state(0x10, &state));
	assert_false(rwlock_state(0x10, &state));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mutexes),
		cmocka_unit_test(test_rwlocks),
		cmocka_unit_test(test_no_memory_is_an_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
