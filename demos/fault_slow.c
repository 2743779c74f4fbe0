/*
 * fault_slow.c - a background worker for each request that outlives it.
 *
 * The worker is started, answered for and forgotten; nothing bounds how many there are or how long
 * they run. Fixed, it runs under the request's context, and the request waits for it.
 */
#include "demos/context.h"
#include "demos/fault.h"
#include "demos/object.h"
#include "demos/waitgroup.h"
#include "demos/worker.h"

#define JOB_NS                                                                                     \
	3600000000000u /* an hour: an export, a mail server that is down, a lock on a table */

struct slow_job {
	struct context *context; /* NULL in the fault */
	struct waitgroup *group; /* likewise */
};

static void *slow_worker(void *argument)
{
	struct slow_job *job = argument;
	struct waitgroup *group = job->group;
	context_sleep(job->context, JOB_NS);
	object_free(job);
	if (group)
		waitgroup_done(group);
	return NULL;
}

static int slow_job_start(struct context *context, struct waitgroup *group)
{
	struct slow_job *job = object_alloc(sizeof *job);
	job->context = context;
	job->group = group;
	int error = worker_start(slow_worker, job);
	if (error)
		object_free(job);
	return error;
}

static unsigned slow_forgotten(void)
{
	return slow_job_start(NULL, NULL) ? FAULT_BUSY : FAULT_OK;
}

static unsigned slow_waited_for(void)
{
	struct context *context = context_make_timeout(NULL, FAULT_DEADLINE_NS);
	struct waitgroup group;
	unsigned status = FAULT_BUSY;

	waitgroup_init(&group);
	waitgroup_add(&group, 1);
	if (slow_job_start(context, &group) == 0) {
		waitgroup_wait(&group);
		status = context_done(context) ? FAULT_TIMEOUT : FAULT_OK;
	}
	waitgroup_destroy(&group);
	context_free(context);
	return status;
}

static unsigned slow_serve(bool fixed)
{
	return fixed ? slow_waited_for() : slow_forgotten();
}

const struct fault fault_slow = {"slow-worker", "/slow",
	"starts a background worker that outlives the request; fixed: ends with it", slow_serve};
