/*
 * judge_orphaned.c - threads on objects whose only waker is gone.
 *
 * Likely: each object was woken by one thread only, that thread has ended, and the wait is old. One such
 * object may be a queue that another thread fills again, so it takes several in one group: a pattern of one
 * partner for each, and the partners leave. Likewise of connections whose peer has closed its end, and that a thread
 * still sends to, or polls: CLOSE_WAIT. A peer that reads on may have closed one direction only, so it takes several.
 */
#include "analyzer/judge.h"
#include "analyzer/partners.h"
#include "analyzer/peers.h"
#include "analyzer/table.h"
#include "analyzer/words.h"

#include <string.h>

static const struct dump_waker *orphan_of(
	const struct judging *judging, const struct dump_thread *thread)
{
	const struct dump_waker *waker = relations_waker(judging->relations, thread);
	bool gone = waker && waker->count.known && waker->count.value && waker->sole.known &&
		    waker->sole.value && waker->alive.known && !waker->alive.value;
	return gone && relations_waits_for_ever(judging->relations, thread) &&
			       judging_is_old(judging, thread->since_ns)
		       ? waker
		       : NULL;
}

static size_t orphans_count(const struct judging *judging, const struct dump_thread **members,
	size_t count, const struct dump_waker **example)
{
	struct table *objects = table_new();
	size_t found = 0;
	for (size_t i = 0; i < count; i++) {
		const struct dump_waker *waker = orphan_of(judging, members[i]);
		if (!waker)
			continue;
		void **seen = table_slot(objects, waker->object, strlen(waker->object));
		found += !*seen;
		*seen = objects;
		*example = waker;
	}
	table_free(objects);
	return found;
}

/* --- connections -------------------------------------------------------------------------------------- */

/* NULL: the peer has not closed, or the wait is not old. */
static const struct dump_fd *closed_of(
	const struct judging *judging, const struct dump_thread *thread)
{
	const struct dump_fd *fd = peer_descriptor(judging->dump, thread, judging->pool);
	bool closed = fd && fd->state && !strcmp(fd->state, "close_wait");
	return closed && judging_is_old(judging, thread->since_ns) &&
			       relations_waits_for_ever(judging->relations, thread)
		       ? fd
		       : NULL;
}

static void connections_judge(struct judging *judging, const struct group *group)
{
	size_t count, closed = 0;
	const struct dump_thread **members = judging_free_members(judging, group, &count);
	for (size_t i = 0; i < count; i++)
		closed += closed_of(judging, members[i]) != NULL;
	if (closed < judging->thresholds.orphaned_objects)
		return;
	struct finding *finding = judging_find(judging, "orphaned", CERTAINTY_LIKELY);
	for (size_t i = 0; i < count; i++)
		if (closed_of(judging, members[i]))
			judging_accuse(judging, finding, members[i]);
	finding_say(finding, judging->pool,
		"Each waits without a time limit on a connection whose peer has closed its end "
		"(CLOSE_WAIT).");
	partners_say(judging, finding);
	finding->hint =
		"Watch for the peer's end of the connection too, and give the call a deadline.";
}

/* --- objects ------------------------------------------------------------------------------------------ */

static void group_judge(struct judging *judging, const struct group *group)
{
	size_t count;
	const struct dump_thread **members = judging_free_members(judging, group, &count);
	const struct dump_waker *example = NULL;
	struct pool *pool = judging->pool;
	size_t objects = orphans_count(judging, members, count, &example);
	if (objects < judging->thresholds.orphaned_objects)
		return;
	struct finding *finding = judging_find(judging, "orphaned", CERTAINTY_LIKELY);
	for (size_t i = 0; i < count; i++)
		if (orphan_of(judging, members[i]))
			judging_accuse(judging, finding, members[i]);
	finding_say(finding, pool,
		"They wait on %s without a time limit; each was woken by one thread only, and that "
		"thread has ended.",
		words_of_count(pool, objects, "object"));
	if (example->place.known) {
		struct stack place = {&example->place.value, 1};
		struct trace trace = trace_of_stack(&judging->report->tracer, &place,
			(struct measured){0}, (struct measured){0});
		finding_say(finding, pool,
			"For example: %s was last woken %s ago by thread %lu, in %s.",
			example->object, words_of_duration(pool, example->since_ns.value),
			(unsigned long)example->thread.value, frame_words(pool, &trace.frames[0]));
	}
	finding->hint = "The partner must close what it feeds on every way out, errors included.";
}

void judge_orphaned(struct judging *judging)
{
	const struct groups *groups = judging->report->groups;
	for (size_t i = 0; i < groups->count; i++) {
		group_judge(judging, groups->list[i]);
		connections_judge(judging, groups->list[i]);
	}
}
