/*
 * judge_dead_owner.c - locks whose owner has ended, or was cancelled, without unlocking.
 *
 * Proven: the lock names its owner, no thread of the process has that id any more, and a thread that is gone
 * unlocks nothing. A wait with a time limit ends, so it takes one without to speak of it.
 */
#include "analyzer/judge.h"
#include "analyzer/utf8.h"
#include "analyzer/words.h"

#include <string.h>

static const struct dump_owner *dead_owner(
	const struct judging *judging, const struct dump_thread *thread)
{
	const struct dump_owner *owner = relations_owner(judging->relations, thread);
	bool dead = owner && owner->owner_tid.known && owner->owner_tid.value &&
		    owner->alive.known && !owner->alive.value;
	return dead && relations_waits_for_ever(judging->relations, thread) ? owner : NULL;
}

static void lock_report(
	struct judging *judging, const struct dump_thread *first, const struct dump_owner *owner)
{
	const struct dump *dump = judging->dump;
	struct pool *pool = judging->pool;
	struct finding *finding = judging_find(judging, "dead owner", CERTAINTY_PROVEN);
	for (size_t i = (size_t)(first - dump->threads); i < dump->thread_count; i++)
		if (!judging_of(judging, &dump->threads[i]) &&
			dead_owner(judging, &dump->threads[i]) == owner)
			judging_accuse(judging, finding, &dump->threads[i]);
	finding_say(finding, pool,
		"The %s %s is held by the thread with the kernel id %lu, which does not exist any "
		"more: it ended, or was cancelled, without unlocking.",
		owner->kind && !strcmp(owner->kind, "rwlock") ? "read-write lock" : "mutex",
		utf8_printable(pool, owner->object), (unsigned long)owner->owner_tid.value);
	finding_say(finding, pool, "%s for it without a time limit, %s.",
		finding->count == 1
			? "1 thread waits"
			: pool_print(pool, "%lu threads wait", (unsigned long)finding->count),
		judging_wait_words(judging, first));
	finding->hint = "Unlock on every way out, cancellation included (pthread_cleanup_push), or "
			"make the mutex robust.";
}

void judge_dead_owner(struct judging *judging)
{
	for (size_t i = 0; i < judging->dump->thread_count; i++) {
		const struct dump_thread *thread = &judging->dump->threads[i];
		const struct dump_owner *owner = dead_owner(judging, thread);
		if (owner && !judging_of(judging, thread))
			lock_report(judging, thread, owner);
	}
}
