/*
 * timers.c - which timers are alive: as the calls tell, and as the kernel knows better.
 */
#include "preload/timers.h"
#include "preload/modules.h"
#include "preload/proc.h"
#include "preload/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define MANY  40000u /* handles, more than the table holds */
#define CELLS 32768u

/* What timers_look() told of. */
static struct {
	unsigned count;
	struct timer last[8];
} looked;

static void note(void *context, const struct timer *timer)
{
	(void)context;
	if (looked.count < sizeof looked.last / sizeof *looked.last)
		looked.last[looked.count] = *timer;
	looked.count++;
}

static unsigned look(void)
{
	looked.count = 0;
	timers_look(getpid(), note, NULL);
	return looked.count;
}

static int forget(void **state)
{
	(void)state;
	timers_forget();
	creators_forget();
	return 0;
}

/* --- the table ----------------------------------------------------------------------------------------- */

static void made_and_gone(void **state)
{
	(void)state;
	assert_int_equal(timers_alive(), 0);
	timer_gone(TIMER_POSIX, 1);
	timer_made(TIMER_POSIX, 1, CLOCK_MONOTONIC, SIGEV_SIGNAL);
	timer_made(TIMER_POSIX, 2, CLOCK_MONOTONIC, SIGEV_SIGNAL);
	assert_int_equal(timers_alive(), 2);
	timer_gone(TIMER_POSIX, 1);
	assert_int_equal(timers_alive(), 1);
	timer_gone(TIMER_POSIX, 1);
	assert_int_equal(timers_alive(), 1);
	timer_gone(TIMER_POSIX, 2);
	assert_int_equal(timers_alive(), 0);
}

static void one_handle_of_each_kind(void **state)
{
	(void)state;
	for (int kind = TIMER_POSIX; kind <= TIMER_INTERVAL; kind++)
		timer_made((enum timer_kind)kind, 0, -1, SIGEV_SIGNAL);
	assert_int_equal(timers_alive(), 3);
	timer_gone(TIMER_FD, 0);
	assert_int_equal(timers_alive(), 2);
	timer_gone(TIMER_FD, 0);
	assert_int_equal(timers_alive(), 2);
}

static struct creator *first_creator(enum creator_kind kind)
{
	for (uint32_t i = 0; i < CREATORS; i++)
		if (creator_at(i) && creator_at(i)->kind == kind)
			return creator_at(i);
	return NULL;
}

/* A descriptor that was closed unseen: the old timer is gone. */
static void a_handle_made_again_replaces(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		timer_made(TIMER_FD, 7, CLOCK_MONOTONIC, TIMER_NOTIFY_FD);
	assert_int_equal(timers_alive(), 1);
	struct creator *creator = first_creator(CREATES_TIMERFD);
	assert_int_equal(creator->made, 3);
	assert_int_equal(creator->gone, 2);
}

static void an_interval_timer_set_anew_keeps_its_creator(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		timer_made(TIMER_INTERVAL, ITIMER_REAL, -1, SIGEV_SIGNAL);
	assert_int_equal(timers_alive(), 1);
	assert_int_equal(first_creator(CREATES_ITIMER)->made, 1);
	timer_gone(TIMER_INTERVAL, ITIMER_REAL);
	assert_int_equal(first_creator(CREATES_ITIMER)->gone, 1);
}

static void a_full_table_loses_and_counts(void **state)
{
	(void)state;
	for (uint64_t handle = 0; handle < MANY; handle++)
		timer_made(TIMER_POSIX, handle << 6, CLOCK_REALTIME, SIGEV_SIGNAL);
	assert_in_range(timers_alive(), CELLS * 3 / 4, CELLS);
	assert_int_equal((uint64_t)timers_alive() + timers_lost(), MANY);
	/* What found room is found again, whatever lies around it. */
	for (uint64_t handle = 0; handle < MANY; handle++)
		timer_gone(TIMER_POSIX, handle << 6);
	assert_int_equal(timers_alive(), 0);
}

static void half_a_table_loses_nothing(void **state)
{
	(void)state;
	for (uint64_t handle = 0; handle < CELLS / 2; handle++)
		timer_made(TIMER_POSIX, handle, CLOCK_REALTIME, SIGEV_SIGNAL);
	assert_int_equal(timers_alive(), CELLS / 2);
	assert_int_equal(timers_lost(), 0);
}

static void *make_and_delete(void *base)
{
	for (int round = 0; round < 200; round++) {
		for (uint64_t i = 0; i < 50; i++)
			timer_made(TIMER_POSIX, (uintptr_t)base + i, 0, SIGEV_SIGNAL);
		for (uint64_t i = 0; i < 50; i++)
			timer_gone(TIMER_POSIX, (uintptr_t)base + 49 - i);
	}
	return NULL;
}

static void many_threads_make_and_delete(void **state)
{
	(void)state;
	pthread_t threads[4];
	for (uintptr_t i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, make_and_delete, (void *)(i * 1000));
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(timers_alive(), 0);
	assert_int_equal(timers_lost(), 0);
	uint64_t made = 0, gone = 0;
	for (uint32_t i = 0; i < CREATORS; i++) {
		made += creator_at(i) ? creator_at(i)->made : 0;
		gone += creator_at(i) ? creator_at(i)->gone : 0;
	}
	assert_int_equal(made, 4 * 200 * 50);
	assert_int_equal(gone, made);
}

static void *delete_the_same(void *unused)
{
	for (uint64_t handle = 0; handle < 10000; handle++)
		timer_gone(TIMER_POSIX, handle);
	return unused;
}

static void a_timer_is_deleted_once(void **state)
{
	(void)state;
	pthread_t threads[4];
	for (uint64_t handle = 0; handle < 10000; handle++)
		timer_made(TIMER_POSIX, handle, 0, SIGEV_SIGNAL);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, delete_the_same, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(timers_alive(), 0);
	assert_int_equal(first_creator(CREATES_TIMER)->gone, 10000);
}

/* --- what the kernel knows -------------------------------------------------------------------------------- */

static const struct itimerspec every_hour = {{3600, 0}, {3600, 0}};

static void make_posix(timer_t *timer, int notify, int clock)
{
	struct sigevent event = {.sigev_notify = notify, .sigev_signo = SIGUSR1};
	assert_int_equal(timer_create(clock, &event, timer), 0);
	timer_made(TIMER_POSIX, (uintptr_t)*timer, clock, notify);
}

static void a_posix_timer_has_its_period(void **state)
{
	(void)state;
	timer_t timer;
	make_posix(&timer, SIGEV_NONE, CLOCK_MONOTONIC);
	assert_int_equal(look(), 1);
	assert_int_equal(looked.last[0].period_ns, 0);
	assert_int_equal(looked.last[0].overruns, 0);
	timer_settime(timer, 0, &every_hour, NULL);
	assert_int_equal(look(), 1);
	assert_int_equal(looked.last[0].period_ns, 3600000000000);
	assert_int_equal(looked.last[0].kind, TIMER_POSIX);
	assert_int_equal(looked.last[0].clock, CLOCK_MONOTONIC);
	assert_int_equal(looked.last[0].notify, SIGEV_NONE);
	assert_int_equal(looked.last[0].id, 1);
	assert_non_null(looked.last[0].creator);
	/* Deleted unseen. */
	timer_delete(timer);
	assert_int_equal(look(), 0);
	assert_int_equal(timers_alive(), 0);
	assert_int_equal(first_creator(CREATES_TIMER)->gone, 1);
}

static void ignore(union sigval value)
{
	(void)value;
}

/* Its handle is no kernel id but an address, by which glibc finds the id. */
static void a_timer_that_notifies_by_thread(void **state)
{
	(void)state;
	timer_t timer;
	struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = ignore};
	assert_int_equal(timer_create(CLOCK_REALTIME, &event, &timer), 0);
	timer_settime(timer, 0, &every_hour, NULL);
	timer_made(TIMER_POSIX, (uintptr_t)timer, CLOCK_REALTIME, SIGEV_THREAD);
	assert_int_equal(look(), 1);
	assert_int_equal(looked.last[0].period_ns, 3600000000000);
	assert_in_range(looked.last[0].kernel_id, 0, 1000);
	timer_delete(timer);
	assert_int_equal(look(), 0);
}

static void a_handle_that_is_no_timer_is_dropped(void **state)
{
	(void)state;
	timer_made(TIMER_POSIX, 0x7fffffff, CLOCK_REALTIME, SIGEV_SIGNAL);
	timer_made(TIMER_POSIX, UINT64_MAX, CLOCK_REALTIME, SIGEV_THREAD);
	timer_made(TIMER_POSIX, (uint64_t)1 << 63 | 4096, CLOCK_REALTIME, SIGEV_THREAD);
	timer_made(TIMER_FD, 0xffffffff, CLOCK_REALTIME, TIMER_NOTIFY_FD);
	assert_int_equal(look(), 0);
	assert_int_equal(timers_alive(), 0);
}

static void a_timerfd_has_its_period(void **state)
{
	(void)state;
	int fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC);
	static const struct itimerspec often = {{1, 250000000}, {3600, 0}};
	assert_true(fd >= 0);
	timer_made(TIMER_FD, (unsigned)fd, CLOCK_BOOTTIME, TIMER_NOTIFY_FD);
	timerfd_settime(fd, 0, &often, NULL);
	assert_int_equal(look(), 1);
	assert_int_equal(looked.last[0].period_ns, 1250000000);
	assert_int_equal(looked.last[0].handle, fd);
	/* The number goes on as something else. */
	int other = open("/dev/null", O_RDONLY | O_CLOEXEC);
	dup2(other, fd);
	assert_int_equal(look(), 0);
	assert_int_equal(timers_alive(), 0);
	close(other);
	close(fd);
}

static void a_closed_timerfd_is_gone(void **state)
{
	(void)state;
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	timer_made(TIMER_FD, (unsigned)fd, CLOCK_MONOTONIC, TIMER_NOTIFY_FD);
	assert_int_equal(look(), 1);
	close(fd);
	assert_int_equal(look(), 0);
}

static void an_interval_timer_lives_until_it_is_done(void **state)
{
	(void)state;
	static const struct itimerval never, soon = {{0, 0}, {0, 1000}},
					     hourly = {{3600, 0}, {3600, 0}};
	signal(SIGVTALRM, SIG_IGN);
	setitimer(ITIMER_VIRTUAL, &hourly, NULL);
	timer_made(TIMER_INTERVAL, ITIMER_VIRTUAL, -1, SIGEV_SIGNAL);
	assert_int_equal(look(), 1);
	assert_int_equal(looked.last[0].period_ns, 3600000000000);
	setitimer(ITIMER_VIRTUAL, &soon, NULL);
	/* It fires once, and nobody says so. */
	for (uint64_t spins = 0; look() && spins < 1000000; spins++)
		;
	assert_int_equal(looked.count, 0);
	assert_int_equal(timers_alive(), 0);
	setitimer(ITIMER_VIRTUAL, &never, NULL);
}

static void overruns_are_the_kernels(void **state)
{
	(void)state;
	timer_t timer;
	sigset_t signals, before;
	static const struct itimerspec often = {{0, 100000}, {0, 100000}};
	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigprocmask(SIG_BLOCK, &signals, &before);
	make_posix(&timer, SIGEV_SIGNAL, CLOCK_MONOTONIC);
	timer_settime(timer, 0, &often, NULL);
	usleep(20000);
	int taken;
	sigwait(&signals, &taken);
	assert_int_equal(look(), 1);
	assert_true(looked.last[0].overruns > 10);
	timer_delete(timer);
	signal(SIGUSR1, SIG_IGN);
	sigprocmask(SIG_SETMASK, &before, NULL);
	look();
}

static void ids_are_never_reused(void **state)
{
	(void)state;
	timer_t timers[3];
	for (int i = 0; i < 3; i++)
		make_posix(&timers[i], SIGEV_NONE, CLOCK_MONOTONIC);
	look();
	uint64_t most = 0;
	for (int i = 0; i < 3; i++)
		most = looked.last[i].id > most ? looked.last[i].id : most;
	assert_int_equal(most, 3);
	for (int i = 0; i < 3; i++) {
		timer_gone(TIMER_POSIX, (uintptr_t)timers[i]);
		timer_delete(timers[i]);
	}
	make_posix(&timers[0], SIGEV_NONE, CLOCK_MONOTONIC);
	assert_int_equal(look(), 1);
	assert_int_equal(looked.last[0].id, 4);
	timer_delete(timers[0]);
}

static int prepare(void **state)
{
	(void)state;
	modules_init();
	rules_init();
	proc_open();
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, forget)
	const struct CMUnitTest tests[] = {
		TEST(made_and_gone),
		TEST(one_handle_of_each_kind),
		TEST(a_handle_made_again_replaces),
		TEST(an_interval_timer_set_anew_keeps_its_creator),
		TEST(a_full_table_loses_and_counts),
		TEST(half_a_table_loses_nothing),
		TEST(many_threads_make_and_delete),
		TEST(a_timer_is_deleted_once),
		TEST(a_posix_timer_has_its_period),
		TEST(a_timer_that_notifies_by_thread),
		TEST(a_handle_that_is_no_timer_is_dropped),
		TEST(a_timerfd_has_its_period),
		TEST(a_closed_timerfd_is_gone),
		TEST(an_interval_timer_lives_until_it_is_done),
		TEST(overruns_are_the_kernels),
		TEST(ids_are_never_reused),
	};
	return cmocka_run_group_tests(tests, prepare, NULL);
}
