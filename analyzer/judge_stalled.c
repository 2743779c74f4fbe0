/*
 * judge_stalled.c - a thread that does not move while it holds a lock that others wait for.
 *
 * Likely: over several dumps, or for as long as these take by default, the holder was in one and the same wait, without a time limit and not for a lock or
 * a thread, and the same waiters stood behind it. A holder that sleeps, or waits with a limit, goes on by
 * itself. In a pool of leader and followers the leader waits for work with the lock held, and is innocent: so
 * unless the holder is sending, it takes a waiter that runs another routine.
 */
#include "analyzer/judge.h"
#include "analyzer/partners.h"
#include "analyzer/words.h"

static bool is_unmoved(const struct judging *judging, const struct dump_thread *thread)
{
	const struct thresholds *thresholds = &judging->thresholds;
	uint64_t enough_ns = (thresholds->stalled_dumps - 1) * thresholds->grace_ns;
	return history_unmoved(judging->report->history, thread) >= thresholds->stalled_dumps ||
	       (thread->since_ns.known && thread->since_ns.value >= enough_ns);
}

static bool is_one_of(const struct judging *judging, const struct dump_thread *thread,
	const char *const *waits, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (relations_waits(judging->relations, thread, waits[i]))
			return true;
	return false;
}

/* Whether the holder is stuck, and not just waiting for work on behalf of those behind it. */
static bool is_stuck(const struct judging *judging, const struct dump_thread *holder,
	const struct dump_thread *waiter)
{
	static const char *const sending[] = {"send", "write", "connect", "transfer"};
	static const char *const serving[] = {"accept", "epoll_wait"};
	if (is_one_of(judging, holder, sending, sizeof(sending) / sizeof(*sending)))
		return true;
	if (is_one_of(judging, holder, serving, sizeof(serving) / sizeof(*serving)))
		return false;
	return holder->start.known != waiter->start.known ||
	       holder->start.value != waiter->start.value;
}

static const struct dump_thread *blocker_of(
	const struct relations *relations, const struct dump_thread *waiter)
{
	if (!relations_waits_for_ever(relations, waiter))
		return NULL;
	if (relations_owner(relations, waiter) || relations_lock_holder(relations, waiter))
		return relations_seems_to_wait_for(relations, waiter);
	return NULL;
}

/* The holder in front of a waiter, if both stand still and it waits for nobody itself. */
static const struct dump_thread *holder_of(
	const struct judging *judging, const struct dump_thread *waiter)
{
	const struct relations *relations = judging->relations;
	const struct dump_thread *holder = blocker_of(relations, waiter);
	if (!holder || judging_of(judging, holder) ||
		!relations_waits_for_ever(relations, holder) ||
		relations_seems_to_wait_for(relations, holder) ||
		!judging_is_old(judging, holder->since_ns))
		return NULL;
	bool stalled = is_stuck(judging, holder, waiter) && is_unmoved(judging, holder) &&
		       is_unmoved(judging, waiter);
	return stalled ? holder : NULL;
}

void judge_stalled(struct judging *judging)
{
	const struct dump *dump = judging->dump;
	struct pool *pool = judging->pool;
	for (size_t i = 0; i < dump->thread_count; i++) {
		const struct dump_thread *holder = holder_of(judging, &dump->threads[i]);
		if (!holder)
			continue;
		struct finding *finding = judging_find(judging, "stalled", CERTAINTY_LIKELY);
		judging_accuse(judging, finding, holder);
		finding_say(finding, pool,
			"%s holds a lock that others wait for, and is itself %s, for %s.",
			judging_thread_words(judging, holder), judging_wait_words(judging, holder),
			words_of_duration(pool, holder->since_ns.value));
		finding_say(finding, pool,
			"Neither it nor %s, which has waited for the lock for %s, has moved.",
			judging_thread_words(judging, &dump->threads[i]),
			words_of_duration(pool, dump->threads[i].since_ns.value));
		partners_say(judging, finding);
		finding->hint = "Do not wait for a peer while holding a lock, or give that wait a "
				"deadline.";
	}
}
