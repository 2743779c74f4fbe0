/*
 * sieve.c - a rule's kind says which text of a thread or timer its pattern is held against.
 */
#include "analyzer/sieve.h"

#include <string.h>

/* Of a stack and the stack that created what it is of. */
static struct rule *stacks_rule(const struct suppressions *rules, enum rule_kind kind,
	const struct trace *stack, const struct trace *creation)
{
	struct rule *rule = suppressions_trace(rules, kind, stack);
	if (!rule)
		rule = suppressions_trace(rules, RULE_MODULE, stack);
	if (!rule)
		rule = suppressions_trace(rules, RULE_CREATED_BY, creation);
	return rule ? rule : suppressions_trace(rules, RULE_MODULE, creation);
}

/* --- threads -------------------------------------------------------------------------------------- */

struct sieve sieve_of_group(
	const struct suppressions *rules, const struct tracer *tracer, const struct group *group)
{
	return (struct sieve){
		.rules = rules,
		.tracer = tracer,
		.stack = trace_of_stack(tracer, &group->stack, group->guessed, group->partial),
	};
}

static void creator_look(struct sieve *sieve, const struct dump_creator *creator)
{
	struct trace creation = trace_of_creator(sieve->tracer, creator);
	sieve->of_stacks = stacks_rule(sieve->rules, RULE_THREAD, &sieve->stack, &creation);
	sieve->creator = creator;
	sieve->begun = true;
}

/* libc makes threads for SIGEV_THREAD, aio_read(), getaddrinfo_a() and mq_notify(), past every wrapper, and with
 * nothing of the program's on their stacks while they wait for work. */
static bool made_by_libc(const struct sieve *sieve, const struct dump_thread *thread)
{
	for (unsigned i = 0; i < sieve->stack.count; i++)
		if (strcmp(place_module_name(&sieve->stack.frames[i].place), "libc.so.6") != 0)
			return false;
	return sieve->stack.count && !thread->created_by && !thread->start.known;
}

struct rule *sieve_thread(struct sieve *sieve, const struct dump_thread *thread)
{
	if (thread->id.known && thread->id.value == 1)
		return NULL;
	if (!sieve->begun || thread->created_by != sieve->creator)
		creator_look(sieve, thread->created_by);
	struct rule *rule = sieve->of_stacks;
	if (!rule)
		rule = suppressions_text(sieve->rules, RULE_NAME, thread->name);
	if (!rule)
		rule = suppressions_text(sieve->rules, RULE_SCOPE, thread->scope);
	if (!rule && made_by_libc(sieve, thread))
		rule = suppressions_text(sieve->rules, RULE_LIBC, "");
	return rule;
}

static bool thread_take(void *context, const struct dump_thread *thread)
{
	struct rule *rule = sieve_thread(context, thread);
	if (rule)
		rule->matches++;
	return rule != NULL;
}

void sieve_groups(
	const struct suppressions *rules, const struct tracer *tracer, const struct groups *groups)
{
	for (size_t i = 0; i < groups->count; i++) {
		struct sieve sieve = sieve_of_group(rules, tracer, groups->list[i]);
		group_take(groups->list[i], thread_take, &sieve, tracer->pool);
	}
}

/* --- what is left over ---------------------------------------------------------------------------- */

/* The rule for each one's name or scope, if all have one: the group is one thing to whoever reads of it. */
static struct rule *members_rule(
	const struct suppressions *rules, const struct unjoined_group *group)
{
	struct rule *rule = NULL;
	for (size_t i = 0; i < group->count; i++) {
		rule = suppressions_text(rules, RULE_NAME, group->threads[i]->name);
		if (!rule)
			rule = suppressions_text(rules, RULE_SCOPE, group->threads[i]->scope);
		if (!rule)
			return NULL;
	}
	return rule;
}

static struct rule *timers_scope_rule(
	const struct suppressions *rules, const struct timer_group *group)
{
	struct rule *rule = NULL;
	for (size_t i = 0; i < group->count; i++) {
		rule = suppressions_text(rules, RULE_SCOPE, group->timers[i]->scope);
		if (!rule)
			return NULL;
	}
	return rule;
}

struct rule *sieve_unjoined(const struct suppressions *rules, const struct tracer *tracer,
	const struct unjoined_group *group)
{
	struct trace creation = trace_of_creator(tracer, group->creator);
	struct trace start = {.count = 0};
	if (group->start.known)
		start = trace_of_entry(tracer, group->start.value);
	struct rule *rule = stacks_rule(rules, RULE_THREAD, &start, &creation);
	return rule ? rule : members_rule(rules, group);
}

struct rule *sieve_timers(const struct suppressions *rules, const struct tracer *tracer,
	const struct timer_group *group)
{
	struct trace creation = trace_of_creator(tracer, group->creator);
	struct rule *rule = suppressions_trace(rules, RULE_TIMER, &creation);
	if (!rule)
		rule = suppressions_trace(rules, RULE_MODULE, &creation);
	return rule ? rule : timers_scope_rule(rules, group);
}
