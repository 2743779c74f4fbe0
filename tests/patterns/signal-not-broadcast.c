/*
 * signal-not-broadcast.c - two wait for the end of a transaction, one is woken.
 *
 * class: condvar
 * cause: pthread_cond_signal() where all must be told
 * expect: growing|never woken|orphaned
 * where: commit_await
 * unreachable: yes
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

struct transaction {
	pthread_mutex_t mutex;
	pthread_cond_t ended;
	bool is_ended;
};

static void *commit_await(void *argument)
{
	struct transaction *transaction = argument;
	pthread_mutex_lock(&transaction->mutex);
	while (!transaction->is_ended)
		pthread_cond_wait(&transaction->ended, &transaction->mutex);
	pthread_mutex_unlock(&transaction->mutex);
	return NULL;
}

static void request(bool leak)
{
	struct transaction *transaction = memory_make(sizeof *transaction);
	thread_start_detached(commit_await, transaction);
	thread_start_detached(commit_await, transaction);
	sleep_ms(10);
	pthread_mutex_lock(&transaction->mutex);
	transaction->is_ended = true;
	if (leak)
		pthread_cond_signal(&transaction->ended);
	else
		pthread_cond_broadcast(&transaction->ended);
	pthread_mutex_unlock(&transaction->mutex);
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_LOCKS | COMPANY_POOL,
};
