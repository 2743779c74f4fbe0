/*
 * judge_unjoined.c - threads that finished, can be joined, and never were.
 *
 * That they are unjoined is a fact; whether they are forgotten is not: a function that starts threads may come
 * to join them later. So it counts whether the function that created them, or its caller, still stands on
 * somebody's stack. If not, several that are old are likely forgotten, and those that became more from dump to
 * dump, while more were made, are so for certain. If it does, they must have become more to be likely.
 */
#include "analyzer/judge.h"
#include "analyzer/standing.h"
#include "analyzer/words.h"

static size_t old_count(const struct judging *judging, const struct unjoined_group *group)
{
	size_t count = 0;
	for (size_t i = 0; i < group->count; i++)
		count += judging_is_old(judging, group->threads[i]->since_ns);
	return count;
}

/* Of the same creation stack and start routine, at an earlier moment. */
static size_t count_then(const struct dump *then, const struct unjoined_group *group)
{
	size_t count = 0;
	for (size_t i = 0; i < then->unjoined_count; i++) {
		const struct dump_unjoined *thread = &then->unjoined[i];
		count += thread->creator.known &&
			 thread->creator.value == group->creator->id.value &&
			 thread->start.value == group->start.value;
	}
	return count;
}

/* Whether more and more of them are left while more are made, and never fewer. */
static bool is_growing(const struct judging *judging, const struct unjoined_group *group)
{
	const struct history *history = judging->report->history;
	struct making making;
	size_t before = 0, rises = 0;
	for (size_t i = 0; i < history->count; i++) {
		size_t now = count_then(history->moments[i].dump, group);
		if (now < before)
			return false;
		rises += i && now > before;
		before = now;
	}
	return rises >= judging->thresholds.growing_intervals &&
	       history_making(history, group->creator, 0, &making) &&
	       making.made >= judging->thresholds.growing_least;
}

static void group_judge(struct judging *judging, struct unjoined_group *group)
{
	struct pool *pool = judging->pool;
	size_t old = old_count(judging, group);
	if (!group->creator || old < judging->thresholds.unjoined_least ||
		judging_is_judged(judging, group))
		return;
	bool growing = is_growing(judging, group);
	bool active = standing_creator(judging, group->creator, true);
	if (active && !growing)
		return;
	struct finding *finding = judging_find(
		judging, "unjoined", growing && !active ? CERTAINTY_PROVEN : CERTAINTY_LIKELY);
	finding->unjoined = group;
	finding->count = group->count;
	finding->oldest_ns = group->oldest_ns;
	finding_say(finding, pool, "%s of one creation stack finished and were not joined%s.",
		words_of_count(pool, group->count, "thread"),
		active ? "" : "; the function that created them has returned");
	if (group->oldest_ns.known)
		finding_say(finding, pool, "The first finished %s ago or earlier.",
			words_of_duration(pool, group->oldest_ns.value));
	if (group->stack_bytes.known)
		finding_say(finding, pool, "They hold stack mappings of %s.",
			words_of_bytes(pool, group->stack_bytes.value));
	if (growing)
		finding_say(
			finding, pool, "They became more from dump to dump, and none was joined.");
	finding->hint = "Join each thread, or create it detached.";
}

void judge_unjoined(struct judging *judging)
{
	struct remains *remains = judging->report->remains;
	for (size_t i = 0; i < remains->unjoined_count; i++)
		group_judge(judging, &remains->unjoined[i]);
}
