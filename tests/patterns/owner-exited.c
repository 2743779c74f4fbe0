/*
 * owner-exited.c - a worker's error path returns without unlocking, and the worker ends.
 *
 * class: lock
 * cause: the unlock is skipped
 * expect: dead owner
 * where: stock_count
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

static pthread_mutex_t stock = PTHREAD_MUTEX_INITIALIZER;

static void *stock_order(void *fails)
{
	pthread_mutex_lock(&stock);
	if (fails)
		return NULL;
	pthread_mutex_unlock(&stock);
	return NULL;
}

static void *stock_count(void *unused)
{
	pthread_mutex_lock(&stock);
	pthread_mutex_unlock(&stock);
	return unused;
}

static void start(bool leak)
{
	thread_start_detached(stock_order, leak ? &stock : NULL);
}

static void request(bool leak)
{
	(void)leak;
	thread_start_detached(stock_count, NULL);
}

const struct pattern pattern = {
	.start = start,
	.request = request,
	.company = COMPANY_BATCH | COMPANY_CONTENTION,
};
