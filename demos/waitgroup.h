/*
 * waitgroup.h - waits until a number of workers have called waitgroup_done().
 *
 * Lives where its owner puts it, and may go as soon as waitgroup_wait() has returned. The threads
 * themselves need a moment more to leave (see stage_settle()).
 */
#ifndef LEAKWATCH_DEMO_WAITGROUP_H
#define LEAKWATCH_DEMO_WAITGROUP_H

#include <pthread.h>

struct waitgroup {
	pthread_mutex_t mutex;
	pthread_cond_t none_left;
	unsigned pending;
};

void waitgroup_init(struct waitgroup *group);
void waitgroup_destroy(struct waitgroup *group);

/* Announces workers. Before they start: a worker that announces itself can come too late. */
void waitgroup_add(struct waitgroup *group, unsigned workers);

/* One worker has finished; its last use of the group. One call more than were announced is an error
 * of the program: it aborts with a message on stderr. */
void waitgroup_done(struct waitgroup *group);

void waitgroup_wait(struct waitgroup *group);

#endif
