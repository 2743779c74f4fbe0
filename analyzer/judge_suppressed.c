/*
 * judge_suppressed.c - takes away what the program itself says is to be ignored, and what rules hold back: a person's before anybody judges, the built-in ones
 * before what is alive at exit is judged. A deadlock in a library's thread is one still.
 */
#include "analyzer/judge.h"
#include "analyzer/sieve.h"

#define WORD "suppressed"

static struct finding *finding_of(
	struct judging *judging, const struct suppressions *rules, const struct rule *rule)
{
	struct finding *finding = judging_find(judging, WORD, CERTAINTY_NONE);
	if (rule->line)
		finding_say(finding, judging->pool, "Line %u of %s holds them back.", rule->line,
			rules->file);
	else
		finding_say(finding, judging->pool, "A built-in rule holds them back: %s.",
			rule->reason);
	return finding;
}

static void group_suppress(
	struct judging *judging, const struct suppressions *rules, const struct group *group)
{
	struct sieve sieve = sieve_of_group(rules, &judging->report->tracer, group);
	struct rule *last = NULL;
	struct finding *finding = NULL;
	for (size_t i = 0; i < group->thread_count; i++) {
		const struct dump_thread *thread = group->threads[i];
		struct rule *rule =
			judging_of(judging, thread) ? NULL : sieve_thread(&sieve, thread);
		if (!rule)
			continue;
		if (rule != last)
			finding = finding_of(judging, rules, rule);
		last = rule;
		rule->matches++;
		judging_accuse(judging, finding, thread);
	}
}

/* NULL: no rule, or judged already. */
static struct finding *remain_suppress(struct judging *judging, const struct suppressions *rules,
	struct rule *rule, const void *remain, uint64_t count)
{
	if (!rule || judging_is_judged(judging, remain))
		return NULL;
	rule->matches += count;
	struct finding *finding = finding_of(judging, rules, rule);
	finding->count = count;
	return finding;
}

static void remains_suppress(struct judging *judging, const struct suppressions *rules)
{
	const struct tracer *tracer = &judging->report->tracer;
	struct remains *remains = judging->report->remains;
	for (size_t i = 0; i < remains->unjoined_count; i++) {
		struct unjoined_group *group = &remains->unjoined[i];
		struct rule *rule = sieve_unjoined(rules, tracer, group);
		struct finding *finding =
			remain_suppress(judging, rules, rule, group, group->count);
		if (finding)
			finding->unjoined = group;
	}
	for (size_t i = 0; i < remains->timer_count; i++) {
		struct timer_group *group = &remains->timers[i];
		struct rule *rule = sieve_timers(rules, tracer, group);
		struct finding *finding =
			remain_suppress(judging, rules, rule, group, group->count);
		if (finding)
			finding->timers = group;
	}
}

static void all_suppress(struct judging *judging, const struct suppressions *rules)
{
	const struct groups *groups = judging->report->groups;
	for (size_t i = 0; i < groups->count; i++)
		group_suppress(judging, rules, groups->list[i]);
	remains_suppress(judging, rules);
}

/* --- by the program itself ------------------------------------------------------------------------ */

static struct finding *finding_of_program(struct judging *judging)
{
	struct finding *finding = judging_find(judging, WORD, CERTAINTY_NONE);
	finding_say(finding, judging->pool, "The program says that they are to be ignored.");
	return finding;
}

static void group_ignore(struct judging *judging, const struct group *group)
{
	struct finding *finding = NULL;
	for (size_t i = 0; i < group->thread_count; i++) {
		if (!group->threads[i]->ignored.value || judging_of(judging, group->threads[i]))
			continue;
		if (!finding)
			finding = finding_of_program(judging);
		judging_accuse(judging, finding, group->threads[i]);
	}
}

static bool all_ignored(const struct unjoined_group *group)
{
	for (size_t i = 0; i < group->count; i++)
		if (!group->threads[i]->ignored.value)
			return false;
	return true;
}

static void ignored_suppress(struct judging *judging)
{
	const struct groups *groups = judging->report->groups;
	struct remains *remains = judging->report->remains;
	for (size_t i = 0; i < groups->count; i++)
		group_ignore(judging, groups->list[i]);
	for (size_t i = 0; i < remains->unjoined_count; i++) {
		struct unjoined_group *group = &remains->unjoined[i];
		if (!all_ignored(group))
			continue;
		struct finding *finding = finding_of_program(judging);
		finding->unjoined = group;
		finding->count = group->count;
	}
}

void judge_suppressed(struct judging *judging)
{
	ignored_suppress(judging);
	if (judging->report->suppressions)
		all_suppress(judging, judging->report->suppressions);
}

void judge_known(struct judging *judging)
{
	if (!judging->report->exit_counts)
		return;
	struct suppressions *rules = suppressions_new_built_in();
	all_suppress(judging, rules);
	suppressions_free(rules);
}
