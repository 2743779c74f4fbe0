/*
 * shim_time.c - the interposers of sleeping. Deadlines pass untouched.
 */
#include "preload/real.h"
#include "preload/slot.h"

INTERPOSE int nanosleep(const struct timespec *time, struct timespec *left)
{
	struct stay stay = wait_enter(WAIT_SLEEP, 0, TIMED);
	int result = REAL(nanosleep)(time, left);
	wait_leave(stay);
	return result;
}

INTERPOSE_ALSO(__nanosleep, nanosleep);

INTERPOSE int clock_nanosleep(
	clockid_t clock, int flags, const struct timespec *time, struct timespec *left)
{
	struct stay stay = wait_enter(WAIT_SLEEP, 0, TIMED);
	int error = REAL(clock_nanosleep)(clock, flags, time, left);
	wait_leave(stay);
	return error;
}

INTERPOSE int usleep(useconds_t time_us)
{
	struct stay stay = wait_enter(WAIT_SLEEP, 0, TIMED);
	int result = REAL(usleep)(time_us);
	wait_leave(stay);
	return result;
}

INTERPOSE unsigned sleep(unsigned time_s)
{
	struct stay stay = wait_enter(WAIT_SLEEP, 0, TIMED);
	unsigned left_s = REAL(sleep)(time_s);
	wait_leave(stay);
	return left_s;
}

INTERPOSE int thrd_sleep(const struct timespec *time, struct timespec *left)
{
	struct stay stay = wait_enter(WAIT_SLEEP, 0, TIMED);
	int result = REAL(thrd_sleep)(time, left);
	wait_leave(stay);
	return result;
}
