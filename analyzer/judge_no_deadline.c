/*
 * judge_no_deadline.c - a hint: calls that wait for a peer without a deadline, for hours.
 *
 * No accusation, and only told where all is asked for: an idle connection looks the same.
 */
#include "analyzer/judge.h"
#include "analyzer/partners.h"
#include "analyzer/words.h"

#include <string.h>

#define LONG_NS 3600000000000

static bool is_peer_wait(const struct group *group)
{
	return !strcmp(group->wait, "read") || !strcmp(group->wait, "recv") ||
	       !strcmp(group->wait, "connect");
}

void judge_no_deadline(struct judging *judging)
{
	const struct groups *groups = judging->report->groups;
	struct pool *pool = judging->pool;
	for (size_t i = 0; judging->report->all && i < groups->count; i++) {
		const struct group *group = groups->list[i];
		size_t count;
		const struct dump_thread **members = judging_free_members(judging, group, &count);
		if (!count || !is_peer_wait(group) || !group->timed.known || group->timed.value ||
			!group->oldest_ns.known || group->oldest_ns.value < LONG_NS)
			continue;
		struct finding *finding = judging_find(judging, "no deadline", CERTAINTY_NONE);
		for (size_t j = 0; j < count; j++)
			judging_accuse(judging, finding, members[j]);
		finding_say(finding, pool,
			"They wait for a peer without a time limit; the oldest has heard nothing "
			"for "
			"%s.",
			words_of_duration(pool, group->oldest_ns.value));
		partners_say(judging, finding);
		finding->hint = "Give every call to a peer a deadline.";
	}
}
