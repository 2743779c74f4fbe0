/*
 * churn.c - 100,000 short-lived threads: joined at once, joined late, detached by their attribute, by
 * others while they end, and by themselves. The records of the gone are used again.
 *
 * expect: .totals.started == 100000 and .totals.unjoined == 0 and .totals.threads == 1
 * expect: .totals.exited == 100000
 */
#include "tests/hostile/hostile.h"

#include <stdatomic.h>

#define ROUNDS 2500
#define BATCH  8 /* of each kind */

static atomic_int ended;
static pthread_attr_t detached;

static void *end(void *unused)
{
	atomic_fetch_add(&ended, 1);
	return unused;
}

static void *end_detached(void *unused)
{
	pthread_detach(pthread_self());
	return end(unused);
}

static void round_run(void)
{
	pthread_t late[BATCH], thread;
	for (int i = 0; i < BATCH; i++) {
		MUST(pthread_create(&late[i], NULL, end, NULL) == 0);
		MUST(pthread_create(&thread, &detached, end, NULL) == 0);
		MUST(pthread_create(&thread, NULL, end_detached, NULL) == 0);
		MUST(pthread_create(&thread, NULL, end, NULL) == 0);
		MUST(pthread_detach(thread) == 0);
		MUST(pthread_create(&thread, NULL, end, NULL) == 0);
		MUST(pthread_join(thread, NULL) == 0);
	}
	for (int i = 0; i < BATCH; i++)
		MUST(pthread_join(late[i], NULL) == 0);
}

static long resident_kib(void)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");
	MUST(file && fscanf(file, "%*d %ld", &pages) == 1);
	fclose(file);
	return pages * 4;
}

int main(void)
{
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	for (int i = 0; i < ROUNDS / 10; i++)
		round_run();
	long before = resident_kib();
	for (int i = 0; i < ROUNDS - ROUNDS / 10; i++)
		round_run();
	double limit = seconds_now() + DEADLINE_S;
	while (ended < ROUNDS * BATCH * 5 || host_threads() > 1)
		MUST(seconds_now() < limit);
	printf("ended %d, grown: %d\n", ended, resident_kib() - before > 4096);
	dump_here();
	return 0;
}
