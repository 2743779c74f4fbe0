/*
 * writer-exited.c - a thread ends while it holds a read-write lock for writing.
 *
 * class: lock
 * cause: pthread_exit() in a function that the writer calls
 * expect: dead owner
 * where: table_look_up
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

static pthread_rwlock_t table = PTHREAD_RWLOCK_INITIALIZER;

static void row_check(void *leak)
{
	if (leak)
		pthread_exit(NULL);
}

static void *table_change(void *leak)
{
	pthread_rwlock_wrlock(&table);
	row_check(leak);
	pthread_rwlock_unlock(&table);
	return NULL;
}

static void *table_look_up(void *unused)
{
	pthread_rwlock_rdlock(&table);
	pthread_rwlock_unlock(&table);
	return unused;
}

static void start(bool leak)
{
	pthread_join(thread_start(table_change, leak ? &table : NULL), NULL);
}

static void request(bool leak)
{
	(void)leak;
	thread_start_detached(table_look_up, NULL);
}

const struct pattern pattern = {
	.start = start,
	.request = request,
	.requests = 8,
	.company = COMPANY_LOCKS,
};
