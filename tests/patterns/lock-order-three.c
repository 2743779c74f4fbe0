/*
 * lock-order-three.c - three threads that hold one lock each and want the next one's; others queue behind.
 *
 * class: lock
 * cause: a circle in the order of locks
 * expect: deadlock
 * where: philosopher_eat|table_tidy
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#define SEATS 3

static pthread_mutex_t forks[SEATS] = {
	PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
static struct seat {
	int first, second;
} seats[SEATS];

static void *philosopher_eat(void *argument)
{
	struct seat *seat = argument;
	pthread_mutex_lock(&forks[seat->first]);
	sleep_ms(20);
	pthread_mutex_lock(&forks[seat->second]);
	pthread_mutex_unlock(&forks[seat->second]);
	pthread_mutex_unlock(&forks[seat->first]);
	return NULL;
}

static void start(bool leak)
{
	for (int i = 0; i < SEATS; i++) {
		int next = (i + 1) % SEATS;
		bool swap = !leak && next < i;
		seats[i] = swap ? (struct seat){next, i} : (struct seat){i, next};
		thread_start_detached(philosopher_eat, &seats[i]);
	}
}

static void *table_tidy(void *unused)
{
	pthread_mutex_lock(&forks[0]);
	pthread_mutex_unlock(&forks[0]);
	return unused;
}

static void request(bool leak)
{
	(void)leak;
	thread_start_detached(table_tidy, NULL);
}

const struct pattern pattern = {
	.start = start,
	.request = request,
	.requests = 5,
	.company = COMPANY_SERVICE,
};
