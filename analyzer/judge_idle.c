/*
 * judge_idle.c - pools that wait for work. No accusation, and only told where all is asked for.
 */
#include "analyzer/judge.h"

#include <string.h>

static bool is_work_wait(const struct group *group)
{
	return !strcmp(group->wait, "cond_wait") || !strcmp(group->wait, "sem_wait") ||
	       !strcmp(group->wait, "futex");
}

void judge_idle(struct judging *judging)
{
	const struct groups *groups = judging->report->groups;
	for (size_t i = 0; judging->report->all && i < groups->count; i++) {
		const struct group *group = groups->list[i];
		size_t count;
		const struct dump_thread **members = judging_free_members(judging, group, &count);
		if (count < 2 || !is_work_wait(group) || group->objects.value != 1)
			continue;
		struct finding *finding = judging_find(judging, "idle", CERTAINTY_NONE);
		for (size_t j = 0; j < count; j++)
			judging_accuse(judging, finding, members[j]);
		finding_say(finding, judging->pool,
			"They wait on one object, as a pool does that has no work.");
	}
}
