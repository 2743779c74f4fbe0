/*
 * lost-wakeup.c - the signal comes before the wait, which has no predicate.
 *
 * class: condvar
 * cause: a condition variable does not remember a signal
 * expect: growing|never woken|orphaned
 * where: answer_await
 * unreachable: yes
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

struct answer {
	pthread_mutex_t mutex;
	pthread_cond_t arrived;
	bool is_there, leak;
};

static void *answer_await(void *argument)
{
	struct answer *answer = argument;
	sleep_ms(5);
	pthread_mutex_lock(&answer->mutex);
	while (answer->leak || !answer->is_there)
		pthread_cond_wait(&answer->arrived, &answer->mutex);
	pthread_mutex_unlock(&answer->mutex);
	return NULL;
}

static void *answer_give(void *argument)
{
	struct answer *answer = argument;
	pthread_mutex_lock(&answer->mutex);
	answer->is_there = true;
	pthread_cond_signal(&answer->arrived);
	pthread_mutex_unlock(&answer->mutex);
	return NULL;
}

static void request(bool leak)
{
	struct answer *answer = memory_make(sizeof *answer);
	answer->leak = leak;
	thread_start_detached(answer_await, answer);
	thread_start_detached(answer_give, answer);
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_BATCH,
};
