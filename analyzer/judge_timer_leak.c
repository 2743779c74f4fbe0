/*
 * judge_timer_leak.c - timers that one place makes again and again, and nobody deletes.
 *
 * Likely: over several dumps more were made in several intervals and next to none deleted; or, from one dump,
 * there are very many, next to none was ever deleted, and they were made at all times.
 */
#include "analyzer/judge.h"
#include "analyzer/words.h"

#define EXCEPTIONS 20 /* one in so many may do otherwise */
#define MANY	   10 /* times growing_least: from one dump */
#define AGES_APART 2 /* the oldest is so many times as old as the newest */

static bool is_growing(
	const struct judging *judging, const struct timer_group *group, struct making *making)
{
	return history_making(judging->report->history, group->creator, 0, making) &&
	       making->rises >= judging->thresholds.growing_intervals &&
	       making->made >= making->gone + judging->thresholds.growing_least &&
	       making->gone * EXCEPTIONS <= making->made;
}

static bool is_many(const struct judging *judging, const struct timer_group *group)
{
	const struct dump_creator *creator = group->creator;
	uint64_t newest_ns = UINT64_MAX;
	for (size_t i = 0; i < group->count; i++)
		if (group->timers[i]->since_ns.known &&
			group->timers[i]->since_ns.value < newest_ns)
			newest_ns = group->timers[i]->since_ns.value;
	return group->count >= MANY * judging->thresholds.growing_least && creator->made.known &&
	       creator->gone.known && creator->gone.value * EXCEPTIONS <= creator->made.value &&
	       group->oldest_ns.known && newest_ns < group->oldest_ns.value / AGES_APART &&
	       judging_is_old(judging, group->oldest_ns);
}

static void group_judge(struct judging *judging, struct timer_group *group)
{
	struct pool *pool = judging->pool;
	struct making making;
	bool growing = group->creator && is_growing(judging, group, &making);
	if (!group->creator || judging_is_judged(judging, group) ||
		(!growing && !is_many(judging, group)))
		return;
	struct finding *finding = judging_find(judging, "timer leak", CERTAINTY_LIKELY);
	finding->timers = group;
	finding->count = group->count;
	finding->oldest_ns = group->oldest_ns;
	if (growing)
		finding_say(finding, pool,
			"Since the first dump %lu were made here and %lu deleted, in %lu intervals "
			"more than before.",
			(unsigned long)making.made, (unsigned long)making.gone,
			(unsigned long)making.rises);
	finding_say(finding, pool,
		"%s of this creation stack %s alive; it made %lu, and %lu were deleted.",
		words_of_count(pool, group->count, "timer"), group->count == 1 ? "is" : "are",
		(unsigned long)group->creator->made.value,
		(unsigned long)group->creator->gone.value);
	finding->hint =
		"Delete the timer (close the timerfd), then join the thread that waits for it.";
}

void judge_timer_leak(struct judging *judging)
{
	struct remains *remains = judging->report->remains;
	for (size_t i = 0; i < remains->timer_count; i++)
		group_judge(judging, &remains->timers[i]);
}
