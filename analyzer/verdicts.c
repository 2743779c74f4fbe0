/*
 * verdicts.c - findings in words: how many, what, where they wait, who created them, the evidence, the fix.
 */
#include "analyzer/verdicts.h"
#include "analyzer/keepers.h"
#include "analyzer/scopes.h"
#include "analyzer/utf8.h"
#include "analyzer/words.h"

#include <string.h>

#define FRAMES_TOLD 3

const char *verdict_words(struct pool *pool, const struct verdict *verdict)
{
	if (!strcmp(verdict->certainty, CERTAINTY_NONE))
		return pool_print(pool, "%s (a hint)", verdict->word);
	return pool_print(pool, "%s (%s)", verdict->word, verdict->certainty);
}

static const char *subject_words(struct pool *pool, const struct finding *finding)
{
	if (finding->timers)
		return words_of_count(pool, finding->count, "timer");
	if (finding->unjoined)
		return words_of_count(pool, finding->count, "finished thread");
	return words_of_count(pool, finding->count, "thread");
}

/* --- where and by whom ---------------------------------------------------------------------------- */

/* "channel_receive (channel.c:87), from worker (leaklab.c:31)": the innermost frames, as one is often a helper
 * that says little. "" for an empty trace. */
static const char *chain_words(struct pool *pool, const struct trace *trace)
{
	const char *words = "";
	unsigned told = 0;
	for (unsigned i = 0; i < trace->count && told < FRAMES_TOLD; i++) {
		if (trace->frames[i].folded)
			continue;
		words = pool_print(pool, "%s%s%s", words, told ? ", from " : "",
			frame_words(pool, &trace->frames[i]));
		told++;
	}
	return words;
}

/* Threads of a finding that are in the same group of the dump as the first. */
static size_t alike_count(const struct finding *finding)
{
	const struct dump_thread *first = finding_thread(&finding->threads, 0);
	size_t count = 0;
	for (size_t i = 0; i < finding->threads.count; i++)
		count += finding_thread(&finding->threads, i)->group.value == first->group.value;
	return count;
}

static void where_print(const struct report *report, const struct finding *finding, FILE *out)
{
	struct pool *pool = report->tracer.pool;
	const struct dump_thread *first = finding_thread(&finding->threads, 0);
	const struct dump_group *group = relations_group(report->relations, first);
	if (!group)
		return;
	struct trace trace =
		trace_of_stack(&report->tracer, &group->stack, group->guessed, group->partial);
	const char *chain = chain_words(pool, &trace);
	size_t alike = alike_count(finding);
	fprintf(out, "#   %s", words_of_wait(pool, utf8_printable(pool, group->wait)));
	if (*chain)
		fprintf(out, " in %s", chain);
	if (alike < finding->threads.count)
		fprintf(out, " (%zu of them)", alike);
	if (finding->oldest_ns.known && finding->oldest_ns.value)
		fprintf(out, ", for up to %s", words_of_duration(pool, finding->oldest_ns.value));
	fprintf(out, "\n");
}

/* Of unjoined threads the evidence says it. */
static void stacks_print(const struct report *report, const struct finding *finding, FILE *out)
{
	uint64_t bytes = finding_stack_bytes(finding).value;
	if (bytes && finding->threads.count)
		fprintf(out, "#   %s stack mappings of %s.\n",
			finding->threads.count == 1 ? "It holds" : "They hold",
			words_of_bytes(report->tracer.pool, bytes));
}

static const struct dump_creator *creator_of(const struct finding *finding)
{
	if (finding->timers)
		return finding->timers->creator;
	if (finding->unjoined)
		return finding->unjoined->creator;
	return finding->threads.count ? finding_thread(&finding->threads, 0)->created_by : NULL;
}

static void creator_print(const struct report *report, const struct finding *finding, FILE *out)
{
	struct trace trace = trace_of_creator(&report->tracer, creator_of(finding));
	const char *chain = chain_words(report->tracer.pool, &trace);
	if (*chain)
		fprintf(out, "#   created by %s\n", chain);
}

/* --- a paragraph ---------------------------------------------------------------------------------- */

static void sentences_print(const struct rows *sentences, FILE *out)
{
	for (size_t i = 0; i < sentences->count; i++)
		fprintf(out, "#   %s\n", ((const char *const *)sentences->items)[i]);
}

static void finding_print(const struct report *report, const struct finding *finding, FILE *out)
{
	struct pool *pool = report->tracer.pool;
	struct verdict verdict = finding_verdict(finding);
	const char *scope = scopes_of_finding(pool, finding);
	fprintf(out, "#\n# %s: %s\n", subject_words(pool, finding), verdict_words(pool, &verdict));
	if (finding->threads.count)
		where_print(report, finding, out);
	creator_print(report, finding, out);
	if (scope)
		fprintf(out, "#   in scope %s\n", scope);
	sentences_print(&finding->evidence, out);
	struct rows kept =
		keepers_sentences(report, finding->threads.items, finding->threads.count);
	sentences_print(&kept, out);
	stacks_print(report, finding, out);
	if (finding->behind.count)
		fprintf(out, "#   Behind %s: %s blocked.\n", finding->count == 1 ? "it" : "them",
			words_of_count(pool, finding->behind.count, "other thread"));
	if (finding->hint)
		fprintf(out, "#   Fix: %s See docs/patterns.md, \"%s\".\n", finding->hint,
			finding->word);
}

static void nothing_print(const struct report *report, FILE *out)
{
	const struct dump *dump = report->dump;
	fprintf(out, "#\n# No verdict. Looked for unjoined threads, timers%s%s%s%s.\n",
		dump->has_owners ? ", deadlocks, dead lock owners" : "",
		dump->has_wakers ? ", waits that nobody ever ended" : "",
		dump->has_proof ? ", waits for what nobody can reach" : "",
		report->history->count > 1 ? ", growth and stalls" : "");
	if (report->history->count == 1)
		fprintf(out, "# Not looked for: growth and stalls, which takes several dumps (name "
			     "a directory or a process).\n");
	if (!dump->has_proof)
		fprintf(out, "# Not looked for: waits for what nobody can reach, which takes a "
			     "proof (leakwatch report --prove PID).\n");
	if (!dump->has_owners || !dump->has_wakers)
		fprintf(out,
			"# Not looked for: deadlocks and wakers; the dump is silent on them.\n");
}

void verdicts_print(const struct report *report, FILE *out)
{
	size_t accusing = 0;
	for (size_t i = 0; i < report->findings.count; i++)
		accusing += finding_accuses(report->findings.list[i]);
	if (!accusing)
		nothing_print(report, out);
	for (size_t i = 0; i < report->findings.count; i++)
		if (report->all || finding_is_told(report->findings.list[i]))
			finding_print(report, report->findings.list[i], out);
}
