/*
 * judge_never_woken.c - many threads on objects that no thread ever woke.
 *
 * Likely, from one dump. Two shapes: so many at once that no pool is that large, whose creator has
 * returned (one that keeps a pool stays at it, and knows how large it shall be); or, fewer, on as many objects, with a
 * few threads each, and begun at all times, which no pool is. An object of which the lossy table of wakers
 * knows nothing acquits: only a measured zero counts. So does a time limit. Who waits at a barrier was not
 * released; but many at one barrier wait for the slowest of them.
 */
#include "analyzer/standing.h"
#include "analyzer/words.h"

#include <stdlib.h>
#include <string.h>

#define WAITERS_MOST 4 /* threads of one request that wait on the same object; a pool has more */
#define SPREAD_PARTS                                                                               \
	4 /* of the time from the oldest wait to the newest: in each of them some began */

static bool is_barrier(const struct group *group)
{
	return !strcmp(group->wait, "barrier_wait");
}

static bool is_never_woken(const struct judging *judging, const struct dump_thread *thread)
{
	const struct dump_waker *waker = relations_waker(judging->relations, thread);
	bool unwoken = waker && waker->count.known && !waker->count.value;
	if (relations_waits(judging->relations, thread, "barrier_wait"))
		unwoken = true;
	return unwoken && relations_waits_for_ever(judging->relations, thread);
}

/* All that are free and never woken; none if any of the free ones was woken or cannot be told. */
static const struct dump_thread **members_find(
	const struct judging *judging, const struct group *group, size_t *count)
{
	const struct dump_thread **members = judging_free_members(judging, group, count);
	for (size_t i = 0; i < *count; i++)
		if (!is_never_woken(judging, members[i]))
			*count = 0;
	return members;
}

/* Not made at once: over more than the grace time, or half of the oldest one's. */
static bool is_spread(const struct judging *judging, const struct group *group)
{
	size_t parts[SPREAD_PARTS] = {0};
	if (!group->oldest_ns.known)
		return false;
	uint64_t newest_ns = group->newest_ns.value;
	uint64_t span_ns = group->oldest_ns.value - newest_ns;
	if (group->oldest_ns.value < 2 * newest_ns && span_ns < judging->thresholds.grace_ns)
		return false;
	for (size_t i = 0; i < group->thread_count; i++) {
		uint64_t since_ns = group->threads[i]->since_ns.value;
		if (group->threads[i]->since_ns.known && span_ns)
			parts[(since_ns - newest_ns) * (SPREAD_PARTS - 1) / span_ns]++;
	}
	for (size_t i = 0; i < SPREAD_PARTS; i++)
		if (!parts[i])
			return false;
	return true;
}

/* Those that nobody who is still at making them keeps. */
static uint64_t left_count(const struct judging *judging, const struct group *group)
{
	uint64_t count = 0;
	for (size_t i = 0; i < group->creation_count; i++)
		if (!standing_creator(judging, group->creations[i].creator, false))
			count += group->creations[i].count;
	return count;
}

static bool has_stood(const struct judging *judging, const struct group *group)
{
	uint64_t enough_ns = judging->thresholds.never_woken_stood_ns;
	return (group->newest_ns.known && group->newest_ns.value >= enough_ns) ||
	       judging_is_old(judging, group->newest_ns);
}

static bool is_crowd(const struct judging *judging, const struct group *group, size_t count)
{
	uint64_t least = judging->thresholds.never_woken_burst;
	return count >= least && !is_barrier(group) && has_stood(judging, group) &&
	       left_count(judging, group) >= least;
}

static bool is_pattern(const struct judging *judging, const struct group *group)
{
	return judging_is_old(judging, group->oldest_ns) &&
	       group->objects.value >= judging->thresholds.never_woken_spread &&
	       group->objects.value * WAITERS_MOST >= group->count && is_spread(judging, group);
}

static void objects_say(struct finding *finding, struct pool *pool, const struct group *group)
{
	finding_say(finding, pool,
		"They wait on %s without a time limit, and no call that the shim sees has ever "
		"woken %s.",
		words_of_count(pool, group->objects.value, "object"),
		group->objects.value == 1 ? "it" : "one of them");
}

static void group_judge(struct judging *judging, const struct group *group)
{
	size_t count;
	const struct dump_thread **members = members_find(judging, group, &count);
	struct pool *pool = judging->pool;
	if (!count || (!is_crowd(judging, group, count) && !is_pattern(judging, group)))
		return;
	struct finding *finding = judging_find(judging, "never woken", CERTAINTY_LIKELY);
	for (size_t i = 0; i < count; i++)
		judging_accuse(judging, finding, members[i]);
	if (is_barrier(group))
		finding_say(finding, pool,
			"They wait at %s without a time limit for parties that do not come.",
			words_of_count(pool, group->objects.value, "barrier"));
	else
		objects_say(finding, pool, group);
	if (group->oldest_ns.known && group->oldest_ns.value)
		finding_say(finding, pool, "The oldest has waited for %s, the newest for %s.",
			words_of_duration(pool, group->oldest_ns.value),
			words_of_duration(pool, group->newest_ns.value));
	finding->hint = "Close or signal what they wait on when no more will come, then wait for "
			"them to end.";
}

void judge_never_woken(struct judging *judging)
{
	const struct groups *groups = judging->report->groups;
	for (size_t i = 0; i < groups->count; i++)
		if (groups->list[i]->objects.known)
			group_judge(judging, groups->list[i]);
}
