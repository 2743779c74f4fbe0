/*
 * copied-condvar.c - a structure with a condition variable is copied; one waits on the copy.
 *
 * class: condvar
 * cause: the signals go to the original
 * expect: growing|never woken
 * where: task_await
 * unreachable: yes
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

struct task {
	pthread_mutex_t mutex;
	pthread_cond_t ended;
	bool is_ended;
};

static void *task_await(void *argument)
{
	struct task *task = argument;
	pthread_mutex_lock(&task->mutex);
	while (!task->is_ended)
		pthread_cond_wait(&task->ended, &task->mutex);
	pthread_mutex_unlock(&task->mutex);
	return NULL;
}

static void request(bool leak)
{
	struct task *task = memory_make(sizeof *task), *copy = memory_make(sizeof *copy);
	*copy = *task;
	thread_start_detached(task_await, leak ? copy : task);
	sleep_ms(2);
	pthread_mutex_lock(&task->mutex);
	task->is_ended = true;
	pthread_cond_broadcast(&task->ended);
	pthread_mutex_unlock(&task->mutex);
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_NETWORK,
};
