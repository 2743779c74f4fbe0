/*
 * shim_threads.c - the interposers of thread creation, joining, detaching and ending.
 */
#include "preload/real.h"
#include "preload/slot.h"
#include "preload/threads.h"
#include "preload/watcher.h"

INTERPOSE int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attributes,
	void *(*start)(void *), void *restrict argument)
{
	struct slot *slot = thread_prepare(start, argument, attributes);
	if (!slot)
		return REAL(pthread_create)(thread, attributes, start, argument);
	int error = REAL(pthread_create)(thread, attributes, thread_start, slot);
	if (error) {
		thread_not_created(slot);
		return error;
	}
	thread_created();
	watcher_start();
	return 0;
}

INTERPOSE int thrd_create(thrd_t *thread, thrd_start_t start, void *argument)
{
	struct slot *slot = thread_prepare((void *(*)(void *))(void *)start, argument, NULL);
	if (!slot)
		return REAL(thrd_create)(thread, start, argument);
	int error = REAL(thrd_create)(thread, thread_start_c11, slot);
	if (error != thrd_success) {
		thread_not_created(slot);
		return error;
	}
	thread_created();
	watcher_start();
	return error;
}

INTERPOSE int pthread_join(pthread_t thread, void **result)
{
	struct target target = thread_target(thread);
	struct stay stay = wait_enter(WAIT_JOIN, target.id, UNTIMED);
	int error = REAL(pthread_join)(thread, result);
	wait_leave(stay);
	if (!error)
		thread_joined(target);
	return error;
}

INTERPOSE int pthread_tryjoin_np(pthread_t thread, void **result)
{
	struct target target = thread_target(thread);
	int error = REAL(pthread_tryjoin_np)(thread, result);
	if (!error)
		thread_joined(target);
	return error;
}

INTERPOSE int pthread_timedjoin_np(pthread_t thread, void **result, const struct timespec *deadline)
{
	struct target target = thread_target(thread);
	struct stay stay = wait_enter(WAIT_JOIN, target.id, deadline != NULL);
	int error = REAL(pthread_timedjoin_np)(thread, result, deadline);
	wait_leave(stay);
	if (!error)
		thread_joined(target);
	return error;
}

INTERPOSE int pthread_clockjoin_np(
	pthread_t thread, void **result, clockid_t clock, const struct timespec *deadline)
{
	struct target target = thread_target(thread);
	struct stay stay = wait_enter(WAIT_JOIN, target.id, deadline != NULL);
	int error = REAL(pthread_clockjoin_np)(thread, result, clock, deadline);
	wait_leave(stay);
	if (!error)
		thread_joined(target);
	return error;
}

INTERPOSE int thrd_join(thrd_t thread, int *result)
{
	struct target target = thread_target(thread);
	struct stay stay = wait_enter(WAIT_JOIN, target.id, UNTIMED);
	int error = REAL(thrd_join)(thread, result);
	wait_leave(stay);
	if (error == thrd_success)
		thread_joined(target);
	return error;
}

INTERPOSE int pthread_detach(pthread_t thread)
{
	/* Before the real call: after it, the handle may be another thread's. */
	thread_detaching(thread_target(thread));
	return REAL(pthread_detach)(thread);
}

INTERPOSE int thrd_detach(thrd_t thread)
{
	thread_detaching(thread_target(thread));
	return REAL(thrd_detach)(thread);
}

INTERPOSE int pthread_setname_np(pthread_t thread, const char *name)
{
	int error = REAL(pthread_setname_np)(thread, name);
	if (!error)
		thread_named(thread, name);
	return error;
}

/* Nothing to record: threads.c sees the end by its key. The rows make sure that a thread which ends by
 * these is unwound through a frame that the tests know. */
INTERPOSE void pthread_exit(void *result)
{
	REAL(pthread_exit)(result);
	__builtin_unreachable();
}

INTERPOSE void thrd_exit(int result)
{
	REAL(thrd_exit)(result);
	__builtin_unreachable();
}
