/*
 * judge_suppressed.c - takes away what rules hold back: a person's before anybody judges, the built-in ones
 * before what is alive at exit is judged. A deadlock in a library's thread is one still.
 */
#include "analyzer/judge.h"
#include "analyzer/words.h"

#include <string.h>

#define WORD "suppressed"

static struct rule *stacks_match(const struct suppressions *rules, enum rule_kind kind,
	const struct trace *stack, const struct trace *creation)
{
	struct rule *rule = suppressions_trace(rules, kind, stack);
	struct rule *module = rule ? rule : suppressions_trace(rules, RULE_MODULE, stack);
	if (module)
		return module;
	rule = suppressions_trace(rules, RULE_CREATED_BY, creation);
	return rule ? rule : suppressions_trace(rules, RULE_MODULE, creation);
}

static struct finding *finding_of(
	struct judging *judging, const struct suppressions *rules, const struct rule *rule)
{
	struct finding *finding = judging_find(judging, WORD, CERTAINTY_NONE);
	if (rule->line)
		finding_say(finding, judging->pool, "Line %u of %s holds them back.", rule->line,
			rules->file);
	else
		finding_say(finding, judging->pool,
			"A built-in rule holds them back: their library keeps them until the end.");
	return finding;
}

/* The stacks are the group's and one creator's; names are each thread's own. */
static void group_suppress(
	struct judging *judging, const struct suppressions *rules, const struct group *group)
{
	const struct tracer *tracer = &judging->report->tracer;
	struct trace stack = trace_of_stack(tracer, &group->stack, group->guessed, group->partial);
	const struct dump_creator *creator = NULL;
	struct trace creation = {.count = 0};
	struct rule *of_stacks = NULL, *last = NULL;
	struct finding *finding = NULL;
	for (size_t i = 0; i < group->thread_count; i++) {
		const struct dump_thread *thread = group->threads[i];
		if (!i || thread->created_by != creator) {
			creator = thread->created_by;
			creation = trace_of_creator(tracer, creator);
			of_stacks = stacks_match(rules, RULE_THREAD, &stack, &creation);
		}
		struct rule *rule =
			of_stacks ? of_stacks : suppressions_text(rules, RULE_NAME, thread->name);
		if (!rule || judging_of(judging, thread) ||
			(thread->id.known && thread->id.value == 1))
			continue;
		if (rule != last)
			finding = finding_of(judging, rules, rule);
		last = rule;
		rule->matches++;
		judging_accuse(judging, finding, thread);
	}
}

static void remains_suppress(struct judging *judging, const struct suppressions *rules)
{
	const struct tracer *tracer = &judging->report->tracer;
	struct remains *remains = judging->report->remains;
	for (size_t i = 0; i < remains->unjoined_count; i++) {
		struct unjoined_group *group = &remains->unjoined[i];
		struct trace creation = trace_of_creator(tracer, group->creator);
		struct trace start = {.count = 0};
		if (group->start.known)
			start = trace_of_entry(tracer, group->start.value);
		struct rule *rule = stacks_match(rules, RULE_THREAD, &start, &creation);
		if (!rule || judging_is_judged(judging, group))
			continue;
		rule->matches += group->count;
		struct finding *finding = finding_of(judging, rules, rule);
		finding->unjoined = group;
		finding->count = group->count;
	}
	for (size_t i = 0; i < remains->timer_count; i++) {
		struct timer_group *group = &remains->timers[i];
		struct trace creation = trace_of_creator(tracer, group->creator);
		struct rule *rule = suppressions_trace(rules, RULE_TIMER, &creation);
		if (!rule)
			rule = suppressions_trace(rules, RULE_MODULE, &creation);
		if (!rule || judging_is_judged(judging, group))
			continue;
		rule->matches += group->count;
		struct finding *finding = finding_of(judging, rules, rule);
		finding->timers = group;
		finding->count = group->count;
	}
}

static void all_suppress(struct judging *judging, const struct suppressions *rules)
{
	const struct groups *groups = judging->report->groups;
	for (size_t i = 0; i < groups->count; i++)
		group_suppress(judging, rules, groups->list[i]);
	remains_suppress(judging, rules);
}

void judge_suppressed(struct judging *judging)
{
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
