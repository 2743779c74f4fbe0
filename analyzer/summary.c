/*
 * summary.c - a report in a few sentences. What was not measured is called so, never 0.
 */
#include "analyzer/summary.h"
#include "analyzer/keepers.h"
#include "analyzer/proof.h"
#include "analyzer/utf8.h"
#include "analyzer/verdicts.h"
#include "analyzer/words.h"

#include "preload/contract/dump.h"

#include <string.h>

#define GROUPS_SHOWN 3
#define GONE_SHOWN   3

/* "12 blocked", or "blocked not measured". */
static const char *count_words(struct pool *pool, struct measured count, const char *what)
{
	if (!count.known)
		return pool_print(pool, "%s not measured", what);
	return pool_print(pool, "%lu %s", (unsigned long)count.value, what);
}

/* "1 thread", or "threads not measured". */
static const char *noun_words(struct pool *pool, struct measured count, const char *noun)
{
	if (!count.known)
		return pool_print(pool, "%ss not measured", noun);
	return words_of_count(pool, count.value, noun);
}

static const char *text_or(struct pool *pool, const char *text, const char *otherwise)
{
	return text ? utf8_printable(pool, text) : otherwise;
}

static const char *reason_words(const char *reason)
{
	if (!reason)
		return "";
	if (!strcmp(reason, "exit"))
		return ", taken at exit";
	if (!strcmp(reason, "request"))
		return ", taken on request";
	return "";
}

/* One binary may go by several names: redis-server is a link to redis-check-rdb. Both are told then. */
static const char *program_words(struct pool *pool, const struct dump *dump)
{
	if (!dump->exe)
		return text_or(pool, dump->comm, "a program");
	const char *slash = strrchr(dump->exe, '/'), *base = slash ? slash + 1 : dump->exe;
	const char *exe = utf8_printable(pool, dump->exe);
	if (!dump->comm || !strncmp(base, dump->comm, strlen(dump->comm)))
		return exe;
	return pool_print(pool, "%s (%s)", utf8_printable(pool, dump->comm), exe);
}

static void process_print(const struct report *report, FILE *out)
{
	struct pool *pool = report->tracer.pool;
	const struct dump *dump = report->dump;
	fprintf(out, "# %s", program_words(pool, dump));
	if (dump->pid.known)
		fprintf(out, ", process %lu", (unsigned long)dump->pid.value);
	if (dump->uptime_ns.known)
		fprintf(out, ", up %s", words_of_duration(pool, dump->uptime_ns.value));
	fprintf(out, "\n# dump");
	if (dump->sequence.known)
		fprintf(out, " %lu", (unsigned long)dump->sequence.value);
	if (dump->time_ns.known)
		fprintf(out, " of %s", words_of_time(pool, dump->time_ns.value));
	fprintf(out, "%s", reason_words(dump->reason));
	if (dump->took_ns.known)
		fprintf(out, ", took %s", words_of_duration(pool, dump->took_ns.value));
	fprintf(out, "\n");
}

static void totals_print(const struct report *report, FILE *out)
{
	struct pool *pool = report->tracer.pool;
	const struct dump *dump = report->dump;
	fprintf(out, "# %s: %s, %s\n", noun_words(pool, dump->threads_total, "thread"),
		count_words(pool, dump->blocked, "blocked"),
		count_words(pool, dump->running, "running"));
	fprintf(out, "# since the process started: %s, %s\n",
		noun_words(pool, dump->started, "new thread"),
		count_words(pool, dump->exited, "finished"));
	fprintf(out, "# %s, %s\n",
		count_words(pool, dump->unjoined_total, "finished and not joined"),
		noun_words(pool, dump->timers_total, "timer"));
}

/* What the proof was made from. */
static void pictures_print(const struct report *report, FILE *out)
{
	struct pool *pool = report->tracer.pool;
	const struct dump *dump = report->dump;
	if (!dump->proof_pictures.known)
		return;
	fprintf(out, "; from %s of the process",
		words_of_count(pool, dump->proof_pictures.value, "picture"));
	if (dump->proof_scanned_bytes.known)
		fprintf(out, ", %s read in one",
			words_of_bytes(pool, dump->proof_scanned_bytes.value));
	if (dump->proof_took_ns.known)
		fprintf(out, ", in %s", words_of_duration(pool, dump->proof_took_ns.value));
}

struct unmeasured {
	const char *reasons;
	size_t count;
};

static struct unmeasured *unmeasured_of(struct rows *found, const char *reasons, struct pool *pool)
{
	for (size_t i = 0; i < found->count; i++) {
		struct unmeasured *one = (struct unmeasured *)found->items + i;
		if (!strcmp(one->reasons, reasons))
			return one;
	}
	struct unmeasured *one = rows_add(found, pool);
	one->reasons = reasons;
	return one;
}

/* Why some waits were not looked at, each set of reasons once. */
static void unmeasured_print(const struct report *report, FILE *out)
{
	struct pool *pool = report->tracer.pool;
	const struct dump *dump = report->dump;
	struct rows found = {.item_bytes = sizeof(struct unmeasured)};
	for (size_t i = 0; i < dump->proof_count; i++)
		if (proof_says(&dump->proofs[i], DUMP_UNMEASURED) && dump->proofs[i].reasons)
			unmeasured_of(&found, dump->proofs[i].reasons, pool)->count++;
	for (size_t i = 0; i < found.count; i++) {
		const struct unmeasured *one = (struct unmeasured *)found.items + i;
		fprintf(out, "#   %zu not known, because %s\n", one->count,
			keepers_reasons(pool, one->reasons));
	}
}

static void proof_print(const struct report *report, FILE *out)
{
	const struct dump *dump = report->dump;
	size_t unmeasured = proof_count(dump, DUMP_UNMEASURED);
	if (!dump->has_proof)
		return;
	if (!dump->proof_count) {
		fprintf(out,
			"# proof: no thread waits, without a time limit, for an object in memory "
			"or for another thread\n");
		return;
	}
	fprintf(out, "# proof: %s looked at, %zu unreachable, %zu still reachable",
		words_of_count(report->tracer.pool, dump->proof_count, "wait"),
		proof_count(dump, DUMP_UNREACHABLE), proof_count(dump, DUMP_REACHED));
	if (unmeasured)
		fprintf(out, ", %zu not known", unmeasured);
	pictures_print(report, out);
	fprintf(out, "\n");
	unmeasured_print(report, out);
}

static const char *in_words(const struct tracer *tracer, const struct group *group)
{
	struct trace trace = trace_of_stack(tracer, &group->stack, group->guessed, group->partial);
	const struct frame *top = trace_top(&trace);
	return top ? pool_print(tracer->pool, " in %s", frame_words(tracer->pool, top)) : "";
}

static const char *created_words(const struct tracer *tracer, const struct group *group)
{
	struct pool *pool = tracer->pool;
	if (!group->creation_count)
		return "";
	const struct creation *most = &group->creations[0];
	struct trace trace = trace_of_creator(tracer, most->creator);
	const struct frame *top = trace_top(&trace);
	if (!top)
		return "";
	if (most->count == group->count)
		return pool_print(pool, ", created by %s", frame_words(pool, top));
	return pool_print(pool, ", %lu of them created by %s", (unsigned long)most->count,
		frame_words(pool, top));
}

const char *summary_of_group(const struct tracer *tracer, const struct group *group)
{
	struct pool *pool = tracer->pool;
	const char *age = "";
	if (group->oldest_ns.known)
		age = pool_print(pool, ", %s %s", group->count == 1 ? "for" : "oldest",
			words_of_duration(pool, group->oldest_ns.value));
	return pool_print(pool, "%s %s%s%s%s", words_of_count(pool, group->count, "thread"),
		words_of_wait(pool, utf8_printable(pool, group->wait)), in_words(tracer, group),
		created_words(tracer, group), age);
}

static void largest_print(const struct report *report, FILE *out)
{
	size_t count = report->groups->count;
	size_t shown = count < GROUPS_SHOWN ? count : GROUPS_SHOWN;
	if (!count)
		return;
	fprintf(out, "#\n# %s\n", count > shown ? "The largest groups:" : "The groups:");
	for (size_t i = 0; i < shown; i++)
		fprintf(out, "#   %s\n",
			summary_of_group(&report->tracer, report->groups->list[i]));
	if (count > shown)
		fprintf(out, "#   and %s, below\n",
			words_of_count(report->tracer.pool, count - shown, "more group"));
}

static void gone_print(const struct report *report, const struct change *change, FILE *out)
{
	size_t count;
	struct tracer tracer = report->tracer;
	const struct group **gone = change_gone(change, report->groups, tracer.pool, &count);
	tracer.dump = change->since;
	for (size_t i = 0; i < count && i < GONE_SHOWN; i++)
		fprintf(out, "#   gone: %s\n", summary_of_group(&tracer, gone[i]));
	if (count > GONE_SHOWN)
		fprintf(out, "#   gone: %s more\n",
			words_of_count(tracer.pool, count - GONE_SHOWN, "group"));
}

static void change_print(const struct report *report, const struct change *change, FILE *out)
{
	struct pool *pool = report->tracer.pool;
	const struct measured now = report->dump->threads_total;
	const struct measured then = change->since->threads_total;
	const char *threads =
		now.known && then.known
			? pool_print(pool, "%s threads", change_sign(pool, now.value, then.value))
			: "threads not measured";
	fprintf(out, "#\n# Since %s: %s\n", change_since_words(pool, change, report->dump),
		threads);
	gone_print(report, change, out);
}

static void losses_print(const struct report *report, FILE *out)
{
	const struct dump *dump = report->dump;
	if (!dump->has_losses) {
		fprintf(out, "#\n# Whether anything was missed was not measured.\n");
		return;
	}
	if (dump->loss_count)
		fprintf(out, "#\n# Not seen:\n");
	for (size_t i = 0; i < dump->loss_count; i++) {
		const struct dump_loss *loss = &dump->losses[i];
		const char *words = words_of_loss(text_or(report->tracer.pool, loss->cause, "?"));
		if (loss->count.known)
			fprintf(out, "#   %lu %s\n", (unsigned long)loss->count.value, words);
		else
			fprintf(out, "#   %s\n", words);
	}
}

void summary_print(const struct report *report, FILE *out)
{
	process_print(report, out);
	totals_print(report, out);
	proof_print(report, out);
	verdicts_print(report, out);
	largest_print(report, out);
	for (unsigned i = 0; i < report->change_count; i++)
		change_print(report, &report->changes[i], out);
	losses_print(report, out);
}
