/*
 * shim_timers.c - the interposers of timers. Periods are not noted when set: the kernel is asked for
 * them when a dump is taken, so the settime functions only see to it that a timer is known.
 */
#include "preload/fdwakers.h"
#include "preload/real.h"
#include "preload/timers.h"
#include "preload/watcher.h"

static void timer_note(enum timer_kind kind, uint64_t handle, int clock, int notify)
{
	timer_made(kind, handle, clock, notify);
	if (timers_alive() >= WATCHER_TIMERS)
		watcher_start();
}

INTERPOSE int timer_create(
	clockid_t clock, struct sigevent *restrict event, timer_t *restrict timer)
{
	int result = REAL(timer_create)(clock, event, timer);
	if (result == 0)
		timer_note(TIMER_POSIX, (uintptr_t)*timer, clock,
			event ? event->sigev_notify : SIGEV_SIGNAL);
	return result;
}

INTERPOSE int timer_delete(timer_t timer)
{
	/* Before the real call: after it, another thread may be given the same handle. */
	timer_gone(TIMER_POSIX, (uintptr_t)timer);
	return REAL(timer_delete)(timer);
}

INTERPOSE int timer_settime(timer_t timer, int flags, const struct itimerspec *restrict value,
	struct itimerspec *restrict old)
{
	return REAL(timer_settime)(timer, flags, value, old);
}

/* The handles of programs linked before glibc 2.3.3 are small integers, indexes into a table of libc's:
 * passed on, not followed. */

INTERPOSE int timer_create_2_2_5(clockid_t clock, struct sigevent *event, int *timer)
{
	return REAL(timer_create_2_2_5)(clock, event, timer);
}

INTERPOSE int timer_settime_2_2_5(
	int timer, int flags, const struct itimerspec *value, struct itimerspec *old)
{
	return REAL(timer_settime_2_2_5)(timer, flags, value, old);
}

INTERPOSE int timer_delete_2_2_5(int timer)
{
	return REAL(timer_delete_2_2_5)(timer);
}

/* One implementation, two versions. */

INTERPOSE int timer_create_2_3_3(clockid_t clock, struct sigevent *event, timer_t *timer)
{
	return timer_create(clock, event, timer);
}

INTERPOSE int timer_settime_2_3_3(
	timer_t timer, int flags, const struct itimerspec *value, struct itimerspec *old)
{
	return timer_settime(timer, flags, value, old);
}

INTERPOSE int timer_delete_2_3_3(timer_t timer)
{
	return timer_delete(timer);
}

__asm__(".symver timer_create_2_3_3, timer_create@GLIBC_2.3.3, remove");
__asm__(".symver timer_settime_2_3_3, timer_settime@GLIBC_2.3.3, remove");
__asm__(".symver timer_delete_2_3_3, timer_delete@GLIBC_2.3.3, remove");
__asm__(".symver timer_create_2_2_5, timer_create@GLIBC_2.2.5, remove");
__asm__(".symver timer_settime_2_2_5, timer_settime@GLIBC_2.2.5, remove");
__asm__(".symver timer_delete_2_2_5, timer_delete@GLIBC_2.2.5, remove");

INTERPOSE int timerfd_create(int clock, int flags)
{
	int fd = REAL(timerfd_create)(clock, flags);
	if (fd >= 0)
		timer_note(TIMER_FD, (unsigned)fd, clock, TIMER_NOTIFY_FD);
	return fd;
}

INTERPOSE int timerfd_settime(
	int fd, int flags, const struct itimerspec *value, struct itimerspec *old)
{
	return REAL(timerfd_settime)(fd, flags, value, old);
}

INTERPOSE int setitimer(__itimer_which_t which, const struct itimerval *restrict value,
	struct itimerval *restrict old)
{
	int result = REAL(setitimer)(which, value, old);
	if (result != 0 || !value)
		return result;
	if (value->it_value.tv_sec || value->it_value.tv_usec)
		timer_note(TIMER_INTERVAL, (unsigned)which, -1, SIGEV_SIGNAL);
	else
		timer_gone(TIMER_INTERVAL, (unsigned)which);
	return result;
}

/* A timerfd lives on in its copies; so does a pipe. */
static void descriptor_copied(int from, int to)
{
	timer_copied(from, to);
	fdwaker_copied(from, to);
}

INTERPOSE int dup(int from)
{
	int to = REAL(dup)(from);
	if (to >= 0)
		descriptor_copied(from, to);
	return to;
}

INTERPOSE int dup2(int from, int to)
{
	int result = REAL(dup2)(from, to);
	if (result >= 0)
		descriptor_copied(from, to);
	return result;
}

INTERPOSE_ALSO(__dup2, dup2);

INTERPOSE int dup3(int from, int to, int flags)
{
	int result = REAL(dup3)(from, to, flags);
	if (result >= 0)
		descriptor_copied(from, to);
	return result;
}
