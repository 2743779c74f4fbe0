/*
 * reader-writer-reader.c - a reader that reads again after a writer has come to wait.
 *
 * class: lock
 * cause: the lock prefers writers, so the second read waits for the writer, and that for the first
 * expect: deadlock|growing|stalled
 * where: list_walk|list_change|list_count
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

static pthread_rwlock_t list = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
static bool leaks;

static void *list_count(void *unused)
{
	pthread_rwlock_rdlock(&list);
	pthread_rwlock_unlock(&list);
	return unused;
}

static void *list_walk(void *unused)
{
	pthread_rwlock_rdlock(&list);
	sleep_ms(30);
	if (leaks)
		list_count(NULL);
	pthread_rwlock_unlock(&list);
	return unused;
}

static void *list_change(void *unused)
{
	sleep_ms(10);
	pthread_rwlock_wrlock(&list);
	pthread_rwlock_unlock(&list);
	return unused;
}

static void start(bool leak)
{
	leaks = leak;
	thread_start_detached(list_walk, NULL);
	thread_start_detached(list_change, NULL);
}

static void request(bool leak)
{
	(void)leak;
	thread_start_detached(list_count, NULL);
}

const struct pattern pattern = {
	.start = start,
	.request = request,
	.company = COMPANY_BATCH,
};
