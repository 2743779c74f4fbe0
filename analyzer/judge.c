/*
 * judge.c - the table of judges, and what they share.
 */
#include "analyzer/judge.h"
#include "analyzer/utf8.h"
#include "analyzer/words.h"

#include <string.h>

/* Proven before likely before hints. Who waits behind others is known once all roots are; but those behind the proven
 * ones are no leak of their own, however many they become. */
static void (*const judges[])(struct judging *judging) = {
	judge_suppressed,
	judge_deadlock,
	judge_dead_owner,
	judge_behind,
	judge_unreachable,
	judge_behind,
	judge_growing,
	judge_never_woken,
	judge_orphaned,
	judge_stalled,
	judge_exhausted,
	judge_unjoined,
	judge_timer_leak,
	judge_behind,
	judge_known,
	judge_exit,
	judge_no_deadline,
	judge_idle,
	judge_recovered,
};

struct finding *judging_find(struct judging *judging, const char *word, const char *certainty)
{
	struct finding *finding = pool_alloc(judging->pool, sizeof(*finding));
	*finding = (struct finding){
		.word = word,
		.certainty = certainty,
		.evidence = {.item_bytes = sizeof(const char *)},
		.threads = {.item_bytes = sizeof(const struct dump_thread *)},
		.behind = {.item_bytes = sizeof(const struct dump_thread *)},
	};
	*(struct finding **)rows_add(&judging->findings, judging->pool) = finding;
	return finding;
}

static void thread_put(struct judging *judging, struct finding *finding, struct rows *rows,
	const struct dump_thread *thread)
{
	*(const struct dump_thread **)rows_add(rows, judging->pool) = thread;
	judging->of_thread[thread - judging->dump->threads] = finding;
}

void judging_accuse(
	struct judging *judging, struct finding *finding, const struct dump_thread *thread)
{
	thread_put(judging, finding, &finding->threads, thread);
	finding->count++;
	if (thread->since_ns.known &&
		(!finding->oldest_ns.known || thread->since_ns.value > finding->oldest_ns.value))
		finding->oldest_ns = thread->since_ns;
}

void judging_put_behind(
	struct judging *judging, struct finding *finding, const struct dump_thread *thread)
{
	thread_put(judging, finding, &finding->behind, thread);
	judging->behind[thread - judging->dump->threads] = true;
}

struct finding *judging_of(const struct judging *judging, const struct dump_thread *thread)
{
	return judging->of_thread[thread - judging->dump->threads];
}

bool judging_is_judged(const struct judging *judging, const void *remain)
{
	struct finding *const *findings = judging->findings.items;
	for (size_t i = 0; i < judging->findings.count; i++)
		if (findings[i]->unjoined == remain || findings[i]->timers == remain)
			return true;
	return false;
}

const struct dump_thread **judging_free_members(
	const struct judging *judging, const struct group *group, size_t *count)
{
	const struct dump_thread **members =
		pool_array(judging->pool, group->thread_count + 1, sizeof(*members));
	*count = 0;
	for (size_t i = 0; i < group->thread_count; i++)
		if (!judging_of(judging, group->threads[i]))
			members[(*count)++] = group->threads[i];
	return members;
}

/* --- ages ------------------------------------------------------------------------------------------- */

static bool at_exit(const struct dump *dump)
{
	return dump->reason && !strcmp(dump->reason, "exit");
}

bool judging_is_old(const struct judging *judging, struct measured age_ns)
{
	uint64_t enough = judging->thresholds.grace_ns;
	struct measured interval_ns = history_interval_ns(judging->report->history);
	if (at_exit(judging->dump))
		return true;
	if (interval_ns.known && 3 * interval_ns.value < enough)
		enough = 3 * interval_ns.value;
	if (judging->dump->tick_ns.known && enough < 2 * judging->dump->tick_ns.value)
		enough = 2 * judging->dump->tick_ns.value;
	return age_ns.known && age_ns.value >= enough;
}

bool judging_is_unmoved(const struct judging *judging, const struct dump_thread *thread)
{
	const struct thresholds *thresholds = &judging->thresholds;
	uint64_t enough_ns = (thresholds->stalled_dumps - 1) * thresholds->grace_ns;
	return history_unmoved(judging->report->history, thread) >= thresholds->stalled_dumps ||
	       (thread->since_ns.known && thread->since_ns.value >= enough_ns);
}

/* --- words ------------------------------------------------------------------------------------------ */

const char *judging_thread_words(const struct judging *judging, const struct dump_thread *thread)
{
	return relations_thread_words(judging->pool, thread);
}

const char *judging_wait_words(const struct judging *judging, const struct dump_thread *thread)
{
	const struct dump_group *group = relations_group(judging->relations, thread);
	const struct tracer *tracer = &judging->report->tracer;
	if (!group)
		return "in a state that is not known";
	struct trace trace = trace_of_stack(tracer, &group->stack, group->guessed, group->partial);
	const struct frame *top = trace_top(&trace);
	const char *wait = words_of_wait(judging->pool, utf8_printable(judging->pool, group->wait));
	return top ? pool_print(judging->pool, "%s in %s", wait, frame_words(judging->pool, top))
		   : wait;
}

/* --- the verdicts of groups ------------------------------------------------------------------------- */

/* Through a semaphore nobody waits for a thread for certain. */
static struct verdict behind_verdict(
	struct pool *pool, const struct group *group, const struct finding *root)
{
	const char *certainty =
		strcmp(group->wait, "sem_wait") ? root->certainty : CERTAINTY_LIKELY;
	const char **sentence = pool_alloc(pool, sizeof(*sentence));
	*sentence = pool_print(
		pool, "They wait for threads of the verdict \"%s\": see there.", root->word);
	return (struct verdict){"blocked behind", certainty, sentence, 1};
}

/* Of the surest finding that is about one of its threads; those that wait behind others speak last. */
static void group_verdict(const struct judging *judging, struct group *group)
{
	const struct finding *best = NULL, *root = NULL;
	for (size_t i = 0; i < group->thread_count; i++) {
		const struct finding *finding = judging_of(judging, group->threads[i]);
		if (!finding)
			continue;
		if (judging->behind[group->threads[i] - judging->dump->threads])
			root = finding;
		else if (!best || finding_precedes(finding, best))
			best = finding;
	}
	if (best)
		group->verdict = finding_verdict(best);
	else if (root)
		group->verdict = behind_verdict(judging->pool, group, root);
}

static void verdicts_spread(struct judging *judging)
{
	struct report *report = judging->report;
	for (size_t i = 0; i < report->groups->count; i++)
		group_verdict(judging, report->groups->list[i]);
	for (size_t i = 0; i < report->findings.count; i++) {
		struct finding *finding = report->findings.list[i];
		if (finding->unjoined)
			finding->unjoined->verdict = finding_verdict(finding);
		if (finding->timers)
			finding->timers->verdict = finding_verdict(finding);
	}
}

static struct judging judges_run(struct report *report)
{
	struct judging judging = {
		.report = report,
		.dump = report->dump,
		.relations = report->relations,
		.thresholds = report->thresholds,
		.findings = {.item_bytes = sizeof(struct finding *)},
		.pool = report->tracer.pool,
	};
	size_t threads = report->dump->thread_count + 1;
	judging.of_thread = pool_array(judging.pool, threads, sizeof(*judging.of_thread));
	judging.behind = pool_array(judging.pool, threads, sizeof(*judging.behind));
	for (size_t i = 0; i < sizeof(judges) / sizeof(*judges); i++)
		judges[i](&judging);
	report->findings = (struct findings){judging.findings.items, judging.findings.count};
	findings_sort(&report->findings);
	return judging;
}

void judge_report(struct report *report)
{
	struct judging judging = judges_run(report);
	verdicts_spread(&judging);
}

void judge_until(const struct report *report, size_t index, struct report *then)
{
	struct history *history = pool_alloc(report->tracer.pool, sizeof(*history));
	const struct moment *moment = &report->history->moments[index];
	*history = (struct history){report->history->moments, index + 1};
	*then = *report;
	then->is_past = true;
	then->all = false;
	then->history = history;
	then->dump = moment->dump;
	then->groups = moment->groups;
	then->remains = remains_of_dump(moment->dump, report->tracer.pool);
	then->relations = relations_of_dump(moment->dump, report->tracer.pool);
	then->tracer.dump = moment->dump;
	judges_run(then);
}
