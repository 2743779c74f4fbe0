/*
 * oldtimer.c - a program linked before glibc 2.3.3, when the handle of a timer was an int: its timers fire and are
 * deleted, nothing beside the small handle is written, and handles are not mixed up with those of newer calls.
 *
 * expect: [.timers[].timers[] | select(.period_ns == 7200000000000)] | length == 1
 */
#include "tests/hostile/hostile.h"

int old_create(clockid_t clock, struct sigevent *event, int *timer);
int old_settime(int timer, int flags, const struct itimerspec *value, struct itimerspec *before);
int old_gettime(int timer, struct itimerspec *value);
int old_delete(int timer);
__asm__(".symver old_create, timer_create@GLIBC_2.2.5");
__asm__(".symver old_settime, timer_settime@GLIBC_2.2.5");
__asm__(".symver old_gettime, timer_gettime@GLIBC_2.2.5");
__asm__(".symver old_delete, timer_delete@GLIBC_2.2.5");

int middle_create(clockid_t clock, struct sigevent *event, timer_t *timer);
int middle_settime(
	timer_t timer, int flags, const struct itimerspec *value, struct itimerspec *before);
int middle_delete(timer_t timer);
__asm__(".symver middle_create, timer_create@GLIBC_2.3.3");
__asm__(".symver middle_settime, timer_settime@GLIBC_2.3.3");
__asm__(".symver middle_delete, timer_delete@GLIBC_2.3.3");

static volatile sig_atomic_t fired;
static sem_t go;

static void count(int number)
{
	(void)number;
	fired++;
}

static void *park(void *unused)
{
	sem_wait(&go);
	return unused;
}

static void until_fired(int times)
{
	for (double end = seconds_now() + DEADLINE_S; fired < times; pause_ms(1))
		MUST(seconds_now() < end);
}

int main(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	struct itimerspec soon = {{0, 0}, {0, 1000000}}, hours = {{7200, 0}, {7200, 0}}, left;
	struct {
		int before, timer, after;
	} fenced = {0x5a5a, -1, 0x5a5a};
	int second;
	timer_t middle;
	pthread_t thread;
	signal(SIGUSR1, count);
	sem_init(&go, 0, 0);
	MUST(pthread_create(&thread, NULL, park, NULL) == 0);
	printf("created: %d\n", old_create(CLOCK_MONOTONIC, &event, &fenced.timer));
	printf("fenced: %x %x\n", fenced.before, fenced.after);
	printf("another: %d\n", old_create(CLOCK_MONOTONIC, &event, &second));
	printf("newer: %d\n", middle_create(CLOCK_MONOTONIC, &event, &middle));
	printf("set: %d\n", old_settime(fenced.timer, 0, &soon, NULL));
	until_fired(1);
	printf("set: %d\n", old_settime(second, 0, &hours, NULL));
	printf("got: %d\n", old_gettime(second, &left));
	printf("period: %ld\n", (long)left.it_interval.tv_sec);
	printf("set: %d\n", middle_settime(middle, 0, &soon, NULL));
	until_fired(2);
	dump_here();
	printf("deleted: %d %d\n", old_delete(fenced.timer), middle_delete(middle));
	printf("deleted: %d\n", old_delete(second));
	sem_post(&go);
	MUST(pthread_join(thread, NULL) == 0);
	return 0;
}
