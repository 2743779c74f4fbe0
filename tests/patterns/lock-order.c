/*
 * lock-order.c - two transfers take the locks of two accounts in opposite orders.
 *
 * class: lock
 * cause: no order of locks
 * expect: deadlock
 * where: transfer
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

static pthread_mutex_t accounts[2] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
static int there[2] = {0, 1}, back[2] = {1, 0};

static void *transfer(void *order)
{
	int *account = order;
	pthread_mutex_lock(&accounts[account[0]]);
	sleep_ms(20);
	pthread_mutex_lock(&accounts[account[1]]);
	pthread_mutex_unlock(&accounts[account[1]]);
	pthread_mutex_unlock(&accounts[account[0]]);
	return NULL;
}

static void start(bool leak)
{
	thread_start_detached(transfer, there);
	thread_start_detached(transfer, leak ? back : there);
}

const struct pattern pattern = {
	.start = start,
	.company = COMPANY_LOCKS | COMPANY_POOL,
};
