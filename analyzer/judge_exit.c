/*
 * judge_exit.c - in a test: what is alive when the program ends was left behind.
 *
 * Proven, where the caller says that the process should have ended everything (leakwatch run --fail-on).
 * Threads that other verdicts speak of keep theirs; what was likely of them is so for certain now.
 */
#include "analyzer/judge.h"
#include "analyzer/words.h"

#include <string.h>

#define WORD "alive at exit"

/* The main thread, and whichever calls exit(). */
static bool is_ending(const struct judging *judging, const struct dump_thread *thread)
{
	return (thread->id.known && thread->id.value == 1) ||
	       (thread->tid.known && judging->dump->exiting_tid.known &&
		       thread->tid.value == judging->dump->exiting_tid.value);
}

/* Nothing is known of it: neither who made it, nor where it is. It may be one of libc's, which it keeps for itself, and
 * that has just been given work. */
static bool is_unknown(const struct group *group, const struct dump_thread *thread)
{
	return !thread->created_by && !thread->start.known && !group->stack.depth;
}

static void group_judge(struct judging *judging, const struct group *group)
{
	size_t count;
	const struct dump_thread **members = judging_free_members(judging, group, &count);
	struct finding *finding = NULL;
	for (size_t i = 0; i < count; i++) {
		if (is_ending(judging, members[i]) || is_unknown(group, members[i]))
			continue;
		if (!finding)
			finding = judging_find(judging, WORD, CERTAINTY_PROVEN);
		judging_accuse(judging, finding, members[i]);
	}
	if (!finding)
		return;
	finding_say(finding, judging->pool, "%s still there when the program ended, %s.",
		finding->count == 1 ? "1 thread was"
				    : pool_print(judging->pool, "%lu threads were",
					      (unsigned long)finding->count),
		judging_wait_words(judging, finding_thread(&finding->threads, 0)));
	finding->hint = "End each thread and wait for it before the program ends.";
}

static struct finding *remain_find(struct judging *judging, uint64_t count, struct measured oldest)
{
	struct finding *finding = judging_find(judging, WORD, CERTAINTY_PROVEN);
	finding->count = count;
	finding->oldest_ns = oldest;
	return finding;
}

static void remains_judge(struct judging *judging)
{
	struct remains *remains = judging->report->remains;
	for (size_t i = 0; i < remains->unjoined_count; i++) {
		struct unjoined_group *group = &remains->unjoined[i];
		if (judging_is_judged(judging, group))
			continue;
		struct finding *finding = remain_find(judging, group->count, group->oldest_ns);
		finding->unjoined = group;
		finding_say(finding, judging->pool, "%s finished and never joined.",
			words_of_count(judging->pool, group->count, "thread"));
		finding->hint = "Join each thread, or create it detached.";
	}
	for (size_t i = 0; i < remains->timer_count; i++) {
		struct timer_group *group = &remains->timers[i];
		if (judging_is_judged(judging, group))
			continue;
		struct finding *finding = remain_find(judging, group->count, group->oldest_ns);
		finding->timers = group;
		finding_say(finding, judging->pool, "%s not deleted when the program ended.",
			words_of_count(judging->pool, group->count, "timer"));
		finding->hint = "Delete the timer, or close the timerfd.";
	}
}

/* Whatever else was guessed of them: they are there. */
static void likely_prove(struct judging *judging)
{
	struct finding *const *findings = judging->findings.items;
	for (size_t i = 0; i < judging->findings.count; i++) {
		if (strcmp(findings[i]->certainty, CERTAINTY_LIKELY) != 0)
			continue;
		findings[i]->certainty = CERTAINTY_PROVEN;
		finding_say(findings[i], judging->pool, "When the program ended %s still there.",
			findings[i]->count == 1 ? "it was" : "they were");
	}
}

void judge_exit(struct judging *judging)
{
	const struct groups *groups = judging->report->groups;
	if (!judging->report->exit_counts)
		return;
	likely_prove(judging);
	for (size_t i = 0; i < groups->count; i++)
		group_judge(judging, groups->list[i]);
	remains_judge(judging);
}
