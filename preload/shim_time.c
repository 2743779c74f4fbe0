/*
 * shim_time.c - the interposers of sleeping. Deadlines pass untouched.
 *
 * The object of such a wait is its length (sleep.h), or where it stands: the host's memory is not read here, as the
 * kernel answers a bad address with an error.
 */
#include "preload/real.h"
#include "preload/sleep.h"
#include "preload/slot.h"

INTERPOSE int nanosleep(const struct timespec *time, struct timespec *left)
{
	struct stay stay = wait_enter(WAIT_SLEEP, sleep_at(time), TIMED);
	int result = REAL(nanosleep)(time, left);
	wait_leave(stay);
	return result;
}

INTERPOSE_ALSO(__nanosleep, nanosleep);

INTERPOSE int clock_nanosleep(
	clockid_t clock, int flags, const struct timespec *time, struct timespec *left)
{
	struct stay stay = wait_enter(
		WAIT_SLEEP, flags & TIMER_ABSTIME ? SLEEP_UNKNOWN : sleep_at(time), TIMED);
	int error = REAL(clock_nanosleep)(clock, flags, time, left);
	wait_leave(stay);
	return error;
}

INTERPOSE int usleep(useconds_t time_us)
{
	struct stay stay = wait_enter(WAIT_SLEEP, sleep_of_us(time_us), TIMED);
	int result = REAL(usleep)(time_us);
	wait_leave(stay);
	return result;
}

INTERPOSE unsigned sleep(unsigned time_s)
{
	struct stay stay = wait_enter(WAIT_SLEEP, sleep_of_us(time_s * 1000000ul), TIMED);
	unsigned left_s = REAL(sleep)(time_s);
	wait_leave(stay);
	return left_s;
}

INTERPOSE int thrd_sleep(const struct timespec *time, struct timespec *left)
{
	struct stay stay = wait_enter(WAIT_SLEEP, sleep_at(time), TIMED);
	int result = REAL(thrd_sleep)(time, left);
	wait_leave(stay);
	return result;
}
