/*
 * waitgroup-miscount.c - one worker more is announced than started.
 *
 * class: channel
 * cause: the count never comes to zero
 * expect: growing|never woken
 * where: jobs_finish
 * unreachable: yes
 */
#include "demos/waitgroup.h"
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

static void *job_do(void *group)
{
	waitgroup_done(group);
	return NULL;
}

static void *jobs_finish(void *group)
{
	waitgroup_wait(group);
	return NULL;
}

static void request(bool leak)
{
	struct waitgroup *group = memory_make(sizeof *group);
	waitgroup_init(group);
	waitgroup_add(group, leak ? 2 : 1);
	thread_start_detached(job_do, group);
	thread_start_detached(jobs_finish, group);
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_BATCH,
};
