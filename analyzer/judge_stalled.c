/*
 * judge_stalled.c - a thread that does not move while it holds a lock that others wait for, or is the only one to
 * wake them.
 *
 * Likely: over several dumps, or for as long as these take by default, the holder was in one and the same wait, without a time limit and not for a lock or
 * a thread, and the same waiters stood behind it. A holder that sleeps, or waits with a limit, goes on by
 * itself. In a pool of leader and followers the leader waits for work with the lock held, and is innocent: so
 * unless the holder is sending, it takes a waiter that runs another routine.
 */
#include "analyzer/judge.h"
#include "analyzer/partners.h"
#include "analyzer/words.h"

static bool is_one_of(const struct judging *judging, const struct dump_thread *thread,
	const char *const *waits, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (relations_waits(judging->relations, thread, waits[i]))
			return true;
	return false;
}

static bool is_sending(const struct judging *judging, const struct dump_thread *thread)
{
	static const char *const sending[] = {"send", "write", "connect", "transfer"};
	return is_one_of(judging, thread, sending, sizeof(sending) / sizeof(*sending));
}

/* Whether the holder is stuck, and not just waiting for work on behalf of those behind it. */
static bool is_stuck(const struct judging *judging, const struct dump_thread *holder,
	const struct dump_thread *waiter)
{
	static const char *const serving[] = {"accept", "epoll_wait"};
	if (is_sending(judging, holder))
		return true;
	if (is_one_of(judging, holder, serving, sizeof(serving) / sizeof(*serving)))
		return false;
	return holder->start.known != waiter->start.known ||
	       holder->start.value != waiter->start.value;
}

/* The only thread that ever woke what the waiter waits on: it hands over. */
static const struct dump_thread *hander_of(
	const struct relations *relations, const struct dump_thread *waiter)
{
	const struct dump_waker *waker = relations_waker(relations, waiter);
	bool sole = waker && waker->count.known && waker->count.value && waker->sole.known &&
		    waker->sole.value && waker->thread.known;
	return sole && relations_waits_for_ever(relations, waiter)
		       ? relations_thread(relations, waker->thread.value)
		       : NULL;
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
	bool stalled = is_stuck(judging, holder, waiter) && judging_is_unmoved(judging, holder) &&
		       judging_is_unmoved(judging, waiter);
	return stalled ? holder : NULL;
}

/* Who hands over and stands still in sending has work that it cannot be rid of; who waits to receive has none. */
static bool is_stuck_hander(const struct judging *judging, const struct dump_thread *hander,
	const struct dump_thread *waiter)
{
	return hander && !judging_of(judging, hander) && is_sending(judging, hander) &&
	       relations_waits_for_ever(judging->relations, hander) &&
	       judging_is_old(judging, hander->since_ns) && judging_is_unmoved(judging, hander) &&
	       judging_is_unmoved(judging, waiter) && !judging_of(judging, waiter);
}

static void hander_report(struct judging *judging, const struct dump_thread *hander)
{
	const struct dump *dump = judging->dump;
	struct finding *finding = judging_find(judging, "stalled", CERTAINTY_LIKELY);
	for (size_t i = 0; i < dump->thread_count; i++)
		if (hander_of(judging->relations, &dump->threads[i]) == hander &&
			is_stuck_hander(judging, hander, &dump->threads[i]))
			judging_put_behind(judging, finding, &dump->threads[i]);
	judging_accuse(judging, finding, hander);
	finding_say(finding, judging->pool,
		"Nobody but %s wakes those behind it, and it is itself %s, for %s.",
		judging_thread_words(judging, hander), judging_wait_words(judging, hander),
		words_of_duration(judging->pool, hander->since_ns.value));
	partners_say(judging, finding);
	finding->hint =
		"Give the call a deadline, and a peer that does not take what it is sent up.";
}

static void handers_judge(struct judging *judging)
{
	const struct dump *dump = judging->dump;
	for (size_t i = 0; i < dump->thread_count; i++) {
		const struct dump_thread *waiter = &dump->threads[i];
		const struct dump_thread *hander = hander_of(judging->relations, waiter);
		if (is_stuck_hander(judging, hander, waiter))
			hander_report(judging, hander);
	}
}

static void holders_judge(struct judging *judging)
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

void judge_stalled(struct judging *judging)
{
	holders_judge(judging);
	handers_judge(judging);
}
