/*
 * judge_dead_owner.c - locks whose owner has ended, or was cancelled, without unlocking.
 *
 * Proven: the lock names its owner, no thread of the process has that id any more, and a thread that is gone
 * unlocks nothing. A wait with a time limit ends, so it takes one without to speak of it. Likely, of a semaphore that
 * is used as a lock: whoever passed last has ended; another thread could post, so it takes old waits, too.
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

static const struct dump_owner *dead_holder(
	const struct judging *judging, const struct dump_thread *thread)
{
	const struct dump_owner *holder = relations_lock_holder(judging->relations, thread);
	bool dead = holder && holder->alive.known && !holder->alive.value;
	return dead && relations_waits_for_ever(judging->relations, thread) &&
			       judging_is_old(judging, thread->since_ns)
		       ? holder
		       : NULL;
}

static void owner_say(
	struct judging *judging, struct finding *finding, const struct dump_owner *owner)
{
	const char *object = utf8_printable(judging->pool, owner->object);
	if (!owner->owner_tid.known)
		finding_say(finding, judging->pool,
			"The semaphore %s was last passed by thread %lu, which ended, or was "
			"cancelled, without posting it.",
			object, (unsigned long)owner->owner.value);
	else
		finding_say(finding, judging->pool,
			"The %s %s is held by the thread with the kernel id %lu, which does not "
			"exist any more: it ended, or was cancelled, without unlocking.",
			owner->kind && !strcmp(owner->kind, "rwlock") ? "read-write lock" : "mutex",
			object, (unsigned long)owner->owner_tid.value);
}

static void lock_report(struct judging *judging, const struct dump_thread *first,
	__typeof__(dead_owner) *dead, const char *certainty)
{
	const struct dump *dump = judging->dump;
	const struct dump_owner *owner = dead(judging, first);
	struct pool *pool = judging->pool;
	struct finding *finding = judging_find(judging, "dead owner", certainty);
	for (size_t i = (size_t)(first - dump->threads); i < dump->thread_count; i++)
		if (!judging_of(judging, &dump->threads[i]) &&
			dead(judging, &dump->threads[i]) == owner)
			judging_accuse(judging, finding, &dump->threads[i]);
	owner_say(judging, finding, owner);
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
		if (judging_of(judging, thread))
			continue;
		if (dead_owner(judging, thread))
			lock_report(judging, thread, dead_owner, CERTAINTY_PROVEN);
		else if (dead_holder(judging, thread))
			lock_report(judging, thread, dead_holder, CERTAINTY_LIKELY);
	}
}
