/*
 * render_debug1.c - the page of goroutine?debug=1, for threads.
 *
 * What pprof reads is only the profile line, the sample lines ("COUNT @ 0x... 0x...") and the memory map;
 * all else stands in comment lines, which it passes over. A group without a stack is such a comment
 * too: a sample without addresses would make pprof refuse the page.
 */
#include "analyzer/render.h"
#include "analyzer/columns.h"
#include "analyzer/descriptor.h"
#include "analyzer/keepers.h"
#include "analyzer/scopes.h"
#include "analyzer/summary.h"
#include "analyzer/utf8.h"
#include "analyzer/verdicts.h"
#include "analyzer/words.h"
#include "preload/contract/dump.h"

#include <inttypes.h>
#include <string.h>

#define CREATIONS_SHOWN	  3
#define DESCRIPTORS_SHOWN 3

/* --- frames --------------------------------------------------------------------------------------- */

static const char *position_words(struct pool *pool, const struct frame *frame)
{
	const char *mark = frame->guessed ? "(guessed)" : "";
	if (!frame->file)
		return mark;
	return pool_print(pool, "%s:%u%s%s", utf8_printable(pool, frame->file), frame->line,
		*mark ? " " : "", mark);
}

static const char *frame_line(struct pool *pool, const struct frame *frame)
{
	const char *function = frame_function(pool, frame);
	const char *position = position_words(pool, frame);
	if (frame->function && frame->entry_distance.known)
		function = pool_print(pool, "%s+0x%" PRIx64, function, frame->entry_distance.value);
	return pool_print(pool, "#\t0x%" PRIx64 "\t%s%s%s", frame->place.address, function,
		*position ? "\t" : "", position);
}

static void trace_print(struct pool *pool, const struct trace *trace, FILE *out)
{
	struct columns columns = columns_new(pool);
	for (unsigned i = 0; i < trace->count; i++)
		if (!trace->frames[i].folded)
			columns_add(&columns, frame_line(pool, &trace->frames[i]));
	columns_print(&columns, out);
}

/* --- groups --------------------------------------------------------------------------------------- */

static void sample_print(const struct group *group, FILE *out)
{
	if (!group->stack.depth) {
		fprintf(out, "# no readable stack:\n");
		return;
	}
	fprintf(out, "%" PRIu64 " @", group->count);
	for (unsigned i = 0; i < group->stack.depth; i++)
		fprintf(out, " 0x%" PRIx64, group->stack.address[i]);
	fprintf(out, "\n");
}

static const char *ages_words(struct pool *pool, const struct group *group)
{
	if (!group->oldest_ns.known)
		return "";
	const char *oldest = words_of_duration(pool, group->oldest_ns.value);
	const char *newest = words_of_duration(pool, group->newest_ns.value);
	if (!strcmp(oldest, newest))
		return pool_print(pool, "; for %s", oldest);
	return pool_print(pool, "; for %s to %s", newest, oldest);
}

/* The one object, where there is only one: it can be looked for. */
static const char *objects_words(struct pool *pool, const struct group *group)
{
	const char *object = NULL;
	if (!group->objects.known)
		return "";
	if (group->objects.value > 1)
		return pool_print(pool, "; %" PRIu64 " objects", group->objects.value);
	for (size_t i = 0; !object; i++)
		object = group->threads[i]->object;
	return pool_print(pool, "; object %s", utf8_printable(pool, object));
}

static const char *limit_words(const struct group *group)
{
	if (!group->timed.known)
		return "";
	return group->timed.value ? ", with a time limit" : ", without a time limit";
}

static bool in_a_wait(const struct group *group)
{
	return strcmp(group->wait, "running") != 0 && strcmp(group->wait, "unknown") != 0;
}

static void state_print(struct pool *pool, const struct group *group, FILE *out)
{
	const char *wait = utf8_printable(pool, group->wait);
	fprintf(out, "# %s %s%s%s", words_of_count(pool, group->count, "thread"),
		words_of_wait(pool, wait), in_a_wait(group) ? limit_words(group) : "",
		ages_words(pool, group));
	fprintf(out, "%s", objects_words(pool, group));
	if (in_a_wait(group) && group->source && !strcmp(group->source, "proc"))
		fprintf(out, "; seen in the kernel only");
	if (group->stack.depth && group->partial.known && group->partial.value)
		fprintf(out, "; the stack ends early");
	fprintf(out, "\n");
}

static bool shown_before(const struct dump_fd **shown, size_t count, const struct dump_fd *fd)
{
	for (size_t i = 0; i < count; i++)
		if (shown[i] == fd)
			return true;
	return false;
}

/* What the descriptors are, of those who wait on some. */
static void descriptors_print(const struct report *report, const struct group *group, FILE *out)
{
	struct pool *pool = report->tracer.pool;
	const struct dump_fd *shown[DESCRIPTORS_SHOWN];
	size_t count = 0;
	for (size_t i = 0; i < group->thread_count && count < DESCRIPTORS_SHOWN; i++) {
		const struct dump_fd *fd = group->threads[i]->fd;
		if (!fd || shown_before(shown, count, fd))
			continue;
		shown[count++] = fd;
		fprintf(out, "# %s\n", descriptor_call(pool, report->dump, group->wait, fd));
	}
	if (count && group->objects.known && group->objects.value > count)
		fprintf(out, "# and %lu more\n", (unsigned long)(group->objects.value - count));
}

static void verdict_print(struct pool *pool, const struct verdict *verdict, FILE *out)
{
	if (strcmp(verdict->word, "none") != 0)
		fprintf(out, "# verdict: %s\n", verdict_words(pool, verdict));
}

/* Who could still wake them, if a proof was made. */
static void keepers_print(const struct report *report, const struct group *group, FILE *out)
{
	struct rows kept = keepers_sentences(report, group->threads, group->thread_count);
	for (size_t i = 0; i < kept.count; i++)
		fprintf(out, "# %s\n", ((const char *const *)kept.items)[i]);
}

static void changes_print(const struct report *report, const struct group *group, FILE *out)
{
	struct pool *pool = report->tracer.pool;
	for (unsigned i = 0; i < report->change_count; i++) {
		const struct change *change = &report->changes[i];
		uint64_t then = change_count_then(change, group);
		const char *words = then ? change_sign(pool, group->count, then) : "new";
		fprintf(out, "# %s since %s\n", then == group->count ? "as many" : words,
			change_since_words(pool, change, report->dump));
	}
}

static void creations_print(const struct report *report, const struct group *group, FILE *out)
{
	struct pool *pool = report->tracer.pool;
	for (size_t i = 0; i < group->creation_count; i++) {
		const struct creation *creation = &group->creations[i];
		struct trace trace = trace_of_creator(&report->tracer, creation->creator);
		if (i == CREATIONS_SHOWN) {
			fprintf(out, "# and by %s\n",
				words_of_count(
					pool, group->creation_count - i, "more creation stack"));
			break;
		}
		if (!trace.count)
			continue;
		if (creation->count == group->count)
			fprintf(out, "# created by:\n");
		else
			fprintf(out, "# %" PRIu64 " of them created by:\n", creation->count);
		trace_print(pool, &trace, out);
	}
}

static void group_print(const struct report *report, const struct group *group, FILE *out)
{
	struct pool *pool = report->tracer.pool;
	struct trace trace =
		trace_of_stack(&report->tracer, &group->stack, group->guessed, group->partial);
	const char *scope = scopes_of_group(pool, group);
	sample_print(group, out);
	fprintf(out, "# labels: {\"wait\":\"%s\"}\n", utf8_printable(pool, group->wait));
	state_print(pool, group, out);
	descriptors_print(report, group, out);
	if (scope)
		fprintf(out, "# in scope %s\n", scope);
	verdict_print(pool, &group->verdict, out);
	keepers_print(report, group, out);
	changes_print(report, group, out);
	trace_print(pool, &trace, out);
	creations_print(report, group, out);
	fprintf(out, "\n");
}

/* --- what remains --------------------------------------------------------------------------------- */

static void creator_print(
	const struct report *report, const struct dump_creator *creator, FILE *out)
{
	struct trace trace = trace_of_creator(&report->tracer, creator);
	fprintf(out, trace.count ? "# created by:\n" : "# the creation stack is not known\n");
	trace_print(report->tracer.pool, &trace, out);
}

static void unjoined_group_print(
	const struct report *report, const struct unjoined_group *group, FILE *out)
{
	struct pool *pool = report->tracer.pool;
	fprintf(out, "# %s finished and never joined",
		words_of_count(pool, group->count, "thread"));
	if (group->oldest_ns.known)
		fprintf(out, "; for up to %s", words_of_duration(pool, group->oldest_ns.value));
	if (group->stack_bytes.known)
		fprintf(out, "; %s of stack held", words_of_bytes(pool, group->stack_bytes.value));
	if (group->start.known) {
		struct trace start = trace_of_entry(&report->tracer, group->start.value);
		fprintf(out, "; began in %s", frame_words(pool, &start.frames[0]));
	}
	fprintf(out, "\n");
	verdict_print(pool, &group->verdict, out);
	creator_print(report, group->creator, out);
	fprintf(out, "\n");
}

static uint64_t overruns_most(const struct timer_group *group)
{
	uint64_t most = 0;
	for (size_t i = 0; i < group->count; i++)
		if (group->timers[i]->overruns.value > most)
			most = group->timers[i]->overruns.value;
	return most;
}

/* The thread that the timer notifies, where it notifies one. */
static const char *server_words(const struct report *report, const struct dump_timer *timer)
{
	struct pool *pool = report->tracer.pool;
	if (!timer->server.known)
		return "";
	for (size_t i = 0; i < report->dump->thread_count; i++) {
		const struct dump_thread *thread = &report->dump->threads[i];
		if (thread->tid.known && thread->tid.value == timer->server.value && thread->name)
			return pool_print(pool, "; served by thread %lu (%s)",
				(unsigned long)timer->server.value,
				utf8_printable(pool, thread->name));
	}
	return pool_print(pool, "; served by thread %lu", (unsigned long)timer->server.value);
}

static void timer_group_print(
	const struct report *report, const struct timer_group *group, FILE *out)
{
	struct pool *pool = report->tracer.pool;
	const struct dump_timer *first = group->timers[0];
	fprintf(out, "# %s alive", words_of_count(pool, group->count, "timer"));
	if (group->kind)
		fprintf(out, " (%s)", utf8_printable(pool, group->kind));
	if (group->oldest_ns.known)
		fprintf(out, "; oldest %s", words_of_duration(pool, group->oldest_ns.value));
	if (first->period_ns.known && first->period_ns.value)
		fprintf(out, "; every %s", words_of_duration(pool, first->period_ns.value));
	if (overruns_most(group))
		fprintf(out, "; up to %s", words_of_count(pool, overruns_most(group), "overrun"));
	fprintf(out, "%s", server_words(report, first));
	if (group->creator && group->creator->made.known && group->creator->gone.known)
		fprintf(out, "; %" PRIu64 " created here, %" PRIu64 " deleted",
			group->creator->made.value, group->creator->gone.value);
	fprintf(out, "\n");
	verdict_print(pool, &group->verdict, out);
	creator_print(report, group->creator, out);
	fprintf(out, "\n");
}

void render_debug1(const struct report *report, FILE *out)
{
	const struct groups *groups = report->groups;
	const struct remains *remains = report->remains;
	uint64_t total = 0;
	for (size_t i = 0; i < groups->count; i++)
		total += groups->list[i]->count;
	summary_print(report, out);
	fprintf(out, "\nthread profile: total %" PRIu64 "\n", total);
	for (size_t i = 0; i < groups->count; i++)
		group_print(report, groups->list[i], out);
	for (size_t i = 0; i < remains->unjoined_count; i++)
		unjoined_group_print(report, &remains->unjoined[i], out);
	for (size_t i = 0; i < remains->timer_count; i++)
		timer_group_print(report, &remains->timers[i], out);
	if (report->dump->map) {
		fprintf(out, "%s\n", DUMP_SECTION_MAP);
		fwrite(report->dump->map, 1, report->dump->map_bytes, out);
	}
}
