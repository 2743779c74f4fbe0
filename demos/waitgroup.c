/*
 * waitgroup.c - a counter under a mutex.
 */
#include "demos/waitgroup.h"

#include <stdio.h>
#include <stdlib.h>

void waitgroup_init(struct waitgroup *group)
{
	pthread_mutex_init(&group->mutex, NULL);
	pthread_cond_init(&group->none_left, NULL);
	group->pending = 0;
}

void waitgroup_destroy(struct waitgroup *group)
{
	pthread_cond_destroy(&group->none_left);
	pthread_mutex_destroy(&group->mutex);
}

void waitgroup_add(struct waitgroup *group, unsigned workers)
{
	pthread_mutex_lock(&group->mutex);
	group->pending += workers;
	pthread_mutex_unlock(&group->mutex);
}

void waitgroup_done(struct waitgroup *group)
{
	pthread_mutex_lock(&group->mutex);
	if (group->pending == 0) {
		fputs("waitgroup_done: more workers finished than were announced\n", stderr);
		abort();
	}
	/* Under the mutex: the waiter may destroy the group as soon as it has it. */
	if (--group->pending == 0)
		pthread_cond_broadcast(&group->none_left);
	pthread_mutex_unlock(&group->mutex);
}

void waitgroup_wait(struct waitgroup *group)
{
	pthread_mutex_lock(&group->mutex);
	while (group->pending)
		pthread_cond_wait(&group->none_left, &group->mutex);
	pthread_mutex_unlock(&group->mutex);
}
