/*
 * judge_exhausted.c - a pool of which every thread stands still, while connections wait to be accepted.
 *
 * Likely ("stalled"): a socket of the process that listens has had connections waiting in each of the last dumps, and
 * those that could accept them have not moved in all of these. Who could accept are the threads that were seen
 * accepting there in an earlier dump, and those of their creation stack. Where nobody was, all threads count (one
 * that sleeps may be serving), and what they wait for must be a peer or a lock: who waits for work may be another matter. A service under load has
 * connections waiting at each look, too; but somebody in it moves.
 */
#include "analyzer/judge.h"
#include "analyzer/partners.h"
#include "analyzer/words.h"

#include <string.h>

/* A listener, and who could accept. */
struct backlog {
	const struct dump_fd *fd;
	const bool *acceptors; /* by index in dump->threads; NULL: nobody was seen accepting */
};

static bool is_overdue(const struct dump_fd *fd)
{
	return fd->state && !strcmp(fd->state, "listen") && fd->inode.known && fd->unread.known &&
	       fd->unread.value;
}

static bool was_overdue(const struct dump *then, uint64_t inode)
{
	for (size_t i = 0; i < then->fd_count; i++)
		if (is_overdue(&then->fds[i]) && then->fds[i].inode.value == inode)
			return true;
	return false;
}

static bool is_lasting(const struct judging *judging, const struct dump_fd *fd)
{
	const struct history *history = judging->report->history;
	size_t dumps = judging->thresholds.stalled_dumps;
	if (history->count < dumps)
		return false;
	for (size_t i = 1; i <= dumps; i++)
		if (!was_overdue(history->moments[history->count - i].dump, fd->inode.value))
			return false;
	return true;
}

/* --- who could accept --------------------------------------------------------------------------------- */

static bool accepted_there(const struct dump *then, size_t index, uint64_t inode)
{
	const struct dump_thread *thread = &then->threads[index];
	const struct measured group = thread->group;
	return group.known && !strcmp(then->groups[group.value - 1].wait, "accept") && thread->fd &&
	       thread->fd->inode.known && thread->fd->inode.value == inode;
}

/* A thread of the newest dump is an acceptor if it is the one, or was made where it was made. */
static bool acceptors_note(
	const struct judging *judging, bool *acceptors, const struct dump_thread *one)
{
	const struct dump *dump = judging->dump;
	bool any = false;
	for (size_t i = 0; i < dump->thread_count; i++) {
		const struct dump_thread *thread = &dump->threads[i];
		bool same = one->id.known && thread->id.value == one->id.value;
		bool alike = one->creator.known && thread->creator.known &&
			     thread->creator.value == one->creator.value && one->start.known &&
			     thread->start.value == one->start.value;
		acceptors[i] |= same || alike;
		any |= same || alike;
	}
	return any;
}

static const bool *acceptors_find(const struct judging *judging, uint64_t inode)
{
	const struct history *history = judging->report->history;
	bool *acceptors =
		pool_array(judging->pool, judging->dump->thread_count + 1, sizeof(*acceptors));
	bool any = false;
	for (size_t i = 0; i < history->count; i++) {
		const struct dump *then = history->moments[i].dump;
		for (size_t j = 0; j < then->thread_count; j++)
			if (accepted_there(then, j, inode))
				any |= acceptors_note(judging, acceptors, &then->threads[j]);
	}
	return any ? acceptors : NULL;
}

/* --- whether they stand still --------------------------------------------------------------------------- */

static bool all_stand(const struct judging *judging, const struct backlog *backlog)
{
	const struct dump *dump = judging->dump;
	for (size_t i = 0; i < dump->thread_count; i++) {
		const struct dump_thread *thread = &dump->threads[i];
		bool counts = !backlog->acceptors || backlog->acceptors[i];
		if (counts && (!relations_waits_for_ever(judging->relations, thread) ||
				      !judging_is_unmoved(judging, thread)))
			return false;
	}
	return true;
}

/* --- the root ------------------------------------------------------------------------------------------- */

static bool waits_for_somebody(const struct judging *judging, const struct dump_thread *thread)
{
	static const char *const waits[] = {"recv", "read", "send", "write", "connect",
		"mutex_lock", "rwlock_rdlock", "rwlock_wrlock"};
	for (size_t i = 0; i < sizeof(waits) / sizeof(*waits); i++)
		if (relations_waits(judging->relations, thread, waits[i]))
			return true;
	return false;
}

/* Who last let the thread go on, if it stands still by now: of a queue that is full the worker that took from it. */
static const struct dump_thread *waker_of(
	const struct judging *judging, const struct dump_thread *thread)
{
	const struct dump_waker *waker = relations_waker(judging->relations, thread);
	const struct dump_thread *last =
		waker && waker->count.known && waker->count.value && waker->thread.known
			? relations_thread(judging->relations, waker->thread.value)
			: NULL;
	bool stands = last && relations_waits_for_ever(judging->relations, last) &&
		      judging_is_unmoved(judging, last);
	return stands && last != thread ? last : NULL;
}

/* Where the chain of locks, joins and hand-overs from a thread ends; in a circle of hand-overs, anywhere. */
static const struct dump_thread *root_of(
	const struct judging *judging, const struct dump_thread *thread)
{
	const struct dump_thread *next;
	for (size_t steps = 0; steps < judging->dump->thread_count; steps++, thread = next) {
		next = relations_seems_to_wait_for(judging->relations, thread);
		next = next ? next : waker_of(judging, thread);
		if (!next)
			break;
	}
	return thread;
}

static bool is_candidate(const struct judging *judging, const struct backlog *backlog, size_t index)
{
	const struct dump_thread *thread = &judging->dump->threads[index];
	return backlog->acceptors ? backlog->acceptors[index] : waits_for_somebody(judging, thread);
}

/* The group in which most of the chains end; NULL: there are none. */
static const struct dump_group *root_group(
	const struct judging *judging, const struct backlog *backlog)
{
	const struct dump *dump = judging->dump;
	size_t *counts = pool_array(judging->pool, dump->group_count + 1, sizeof(*counts));
	const struct dump_group *most = NULL;
	for (size_t i = 0; i < dump->thread_count; i++) {
		const struct dump_thread *root = root_of(judging, &dump->threads[i]);
		const struct dump_group *group = relations_group(judging->relations, root);
		if (!group || !is_candidate(judging, backlog, i) || judging_of(judging, root))
			continue;
		counts[group - dump->groups]++;
		if (!most || counts[group - dump->groups] > counts[most - dump->groups])
			most = group;
	}
	return most;
}

static void backlog_report(
	struct judging *judging, const struct backlog *backlog, const struct dump_group *root)
{
	const struct dump *dump = judging->dump;
	struct pool *pool = judging->pool;
	struct finding *finding = judging_find(judging, "stalled", CERTAINTY_LIKELY);
	for (size_t i = 0; i < dump->thread_count; i++)
		if (!judging_of(judging, &dump->threads[i]) &&
			relations_group(judging->relations, &dump->threads[i]) == root &&
			judging_is_unmoved(judging, &dump->threads[i]))
			judging_accuse(judging, finding, &dump->threads[i]);
	finding_say(finding, pool,
		"%s at %s (%s): some were in each of the last %lu dumps, and %s has moved since.",
		backlog->fd->unread.value == 1
			? "1 connection waits to be accepted"
			: pool_print(pool, "%lu connections wait to be accepted",
				  (unsigned long)backlog->fd->unread.value),
		backlog->fd->local ? backlog->fd->local : "a socket", backlog->fd->object,
		(unsigned long)judging->thresholds.stalled_dumps,
		backlog->acceptors ? "no thread that accepts there" : "no thread at all");
	partners_say(judging, finding);
	finding->hint =
		"Give what the pool's threads wait for a deadline, so that they come back to "
		"accept.";
}

void judge_exhausted(struct judging *judging)
{
	for (size_t i = 0; i < judging->dump->fd_count; i++) {
		const struct dump_fd *fd = &judging->dump->fds[i];
		if (!is_overdue(fd) || !is_lasting(judging, fd))
			continue;
		struct backlog backlog = {fd, acceptors_find(judging, fd->inode.value)};
		const struct dump_group *root =
			all_stand(judging, &backlog) ? root_group(judging, &backlog) : NULL;
		if (root)
			backlog_report(judging, &backlog, root);
	}
}
