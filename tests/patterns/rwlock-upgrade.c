/*
 * rwlock-upgrade.c - takes a read-write lock for writing while it holds it for reading.
 *
 * class: lock
 * cause: pthread_rwlock_wrlock() waits for all readers, the caller among them
 * expect: deadlock|growing|stalled
 * where: entry_update|entry_read
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

static pthread_rwlock_t table = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
static bool leaks;

static void *entry_update(void *unused)
{
	pthread_rwlock_rdlock(&table);
	sleep_ms(10);
	if (!leaks)
		pthread_rwlock_unlock(&table);
	pthread_rwlock_wrlock(&table);
	pthread_rwlock_unlock(&table);
	if (leaks)
		pthread_rwlock_unlock(&table);
	return unused;
}

static void *entry_read(void *unused)
{
	pthread_rwlock_rdlock(&table);
	pthread_rwlock_unlock(&table);
	return unused;
}

static void start(bool leak)
{
	leaks = leak;
	thread_start_detached(entry_update, NULL);
	thread_start_detached(entry_update, NULL);
}

static void request(bool leak)
{
	(void)leak;
	thread_start_detached(entry_read, NULL);
}

const struct pattern pattern = {
	.start = start,
	.request = request,
	.company = COMPANY_SERVICE | COMPANY_READERS,
};
