/*
 * judge_deadlock.c - threads that wait for each other in a circle, or for themselves.
 *
 * Proven: each waits without a time limit for a lock that the next one holds, or joins it. The shim saw all
 * of it at one moment (docs/dump-format.md, owners), and none of them can move. Likely, where one of the locks is a
 * semaphore, which belongs to nobody: the holder is then the last that passed, and another thread could post; so
 * it takes old waits, too.
 */
#include "analyzer/judge.h"
#include "analyzer/utf8.h"

/* If that step can never end by itself. */
static const struct dump_thread *next_of(
	const struct judging *judging, const struct dump_thread *thread)
{
	if (!relations_waits_for_ever(judging->relations, thread))
		return NULL;
	return relations_waits_for(judging->relations, thread);
}

static const struct dump_thread *next_by_semaphore(
	const struct judging *judging, const struct dump_thread *thread)
{
	if (judging_of(judging, thread) || !relations_waits_for_ever(judging->relations, thread) ||
		!judging_is_old(judging, thread->since_ns))
		return NULL;
	return relations_seems_to_wait_for(judging->relations, thread);
}

static void step_say(struct judging *judging, struct finding *finding,
	const struct dump_thread *thread, const struct dump_thread *next)
{
	struct pool *pool = judging->pool;
	const char *who = judging_thread_words(judging, thread);
	const char *where = judging_wait_words(judging, thread);
	const char *object = utf8_printable(pool, thread->object);
	if (relations_waits(judging->relations, thread, "join"))
		finding_say(finding, pool, "%s is %s and joins %s.", who, where,
			judging_thread_words(judging, next));
	else if (next == thread)
		finding_say(finding, pool, "%s is %s; it holds that lock, %s, itself.", who, where,
			object);
	else if (relations_holder(judging->relations, thread))
		finding_say(finding, pool,
			"%s is %s; that semaphore, %s, was last passed by %s, which has not posted "
			"it since.",
			who, where, object, judging_thread_words(judging, next));
	else
		finding_say(finding, pool, "%s is %s; that lock, %s, is held by %s.", who, where,
			object, judging_thread_words(judging, next));
}

static void circle_report(struct judging *judging, const struct dump_thread *first,
	__typeof__(next_of) *next, const char *certainty)
{
	struct finding *finding = judging_find(judging, "deadlock", certainty);
	const struct dump_thread *thread = first, *after;
	do {
		after = next(judging, thread);
		step_say(judging, finding, thread, after);
		judging_accuse(judging, finding, thread);
		thread = after;
	} while (thread != first);
	finding->hint = "Take locks in one order everywhere, and join without holding one.";
}

/* Every thread has one next at most, so the ways from all threads are walked once: mark[i] is the number of
 * the walk that came by, and a walk that meets its own mark has found a circle. */
static void circles_report(
	struct judging *judging, __typeof__(next_of) *next, const char *certainty)
{
	const struct dump *dump = judging->dump;
	size_t *mark = pool_array(judging->pool, dump->thread_count + 1, sizeof(*mark));
	for (size_t i = 0; i < dump->thread_count; i++) {
		const struct dump_thread *thread = &dump->threads[i];
		for (; thread && !mark[thread - dump->threads]; thread = next(judging, thread))
			mark[thread - dump->threads] = i + 1;
		if (thread && mark[thread - dump->threads] == i + 1 && !judging_of(judging, thread))
			circle_report(judging, thread, next, certainty);
	}
}

void judge_deadlock(struct judging *judging)
{
	circles_report(judging, next_of, CERTAINTY_PROVEN);
	circles_report(judging, next_by_semaphore, CERTAINTY_LIKELY);
}
