/*
 * render_debug2.c - the page of goroutine?debug=2, for threads: each on its own, with our words for
 * its state. What Go prints as labels behind the state ("{key: value}") holds the rest. "(leaked)" is said, as
 * Go says it, of those that are proven unreachable.
 */
#include "analyzer/render.h"
#include "analyzer/descriptor.h"
#include "analyzer/keepers.h"
#include "analyzer/proof.h"
#include "analyzer/utf8.h"

#include <inttypes.h>
#include <string.h>

#define MINUTE_NS 60000000000

/* Traces of a group are the same for all its threads. */
struct group_traces {
	struct trace stack;
	const struct dump_creator *creator; /* whose trace is in created_by */
	struct trace created_by;
};

static void state_print(const struct report *report, const struct group *group,
	const struct dump_thread *thread, FILE *out)
{
	uint64_t minutes = thread->since_ns.value / MINUTE_NS;
	fprintf(out, " [%s", utf8_printable(report->tracer.pool, group->wait));
	if (proof_is_certain(proof_of_thread(report->history, thread)))
		fprintf(out, " (leaked)");
	if (minutes)
		fprintf(out, ", %" PRIu64 " minutes", minutes);
	if (group->timed.known && group->timed.value)
		fprintf(out, ", timed");
	fprintf(out, "]");
}

static void label_print(bool *first, const char *key, const char *value, FILE *out)
{
	fprintf(out, "%s%s: %s", *first ? "" : ", ", key, value);
	*first = false;
}

/* Quoted so that a name cannot end the list. */
static const char *quoted(struct pool *pool, const char *text)
{
	char *copy = pool_alloc(pool, 2 * strlen(text) + 3);
	char *to = copy;
	*to++ = '"';
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			*to++ = '\\';
		*to++ = *text;
	}
	*to = '"';
	return utf8_printable(pool, copy);
}

/* What the proof found, where it is not certain that the thread is lost. */
static void proof_label_print(
	const struct report *report, const struct dump_thread *thread, bool *first, FILE *out)
{
	struct pool *pool = report->tracer.pool;
	const struct dump_proof *proof = proof_of_thread(report->history, thread);
	const char *chain = keepers_chain(report, thread);
	if (!proof || proof_is_certain(proof))
		return;
	label_print(first, "proof", utf8_printable(pool, proof->verdict), out);
	if (chain)
		label_print(first, "kept_by", quoted(pool, chain), out);
	if (proof->reasons)
		label_print(
			first, "because", quoted(pool, keepers_reasons(pool, proof->reasons)), out);
}

static void labels_print(const struct report *report, const struct dump_thread *thread, FILE *out)
{
	struct pool *pool = report->tracer.pool;
	bool first = true;
	fprintf(out, " {");
	if (thread->tid.known)
		label_print(&first, "tid", pool_print(pool, "%" PRIu64, thread->tid.value), out);
	if (thread->name)
		label_print(&first, "name", quoted(pool, thread->name), out);
	if (thread->object)
		label_print(&first, "object", utf8_printable(pool, thread->object), out);
	if (thread->fd)
		label_print(&first, "object_detail",
			quoted(pool, descriptor_words(pool, report->dump, thread->fd)), out);
	if (thread->since_ns.known)
		label_print(&first, "since_ns",
			pool_print(pool, "%" PRIu64, thread->since_ns.value), out);
	if (thread->detached.known && thread->detached.value)
		label_print(&first, "detached", "true", out);
	if (thread->scope)
		label_print(&first, "scope", quoted(pool, thread->scope), out);
	proof_label_print(report, thread, &first, out);
	fprintf(out, "}:\n");
}

static const char *function_call(struct pool *pool, const struct frame *frame)
{
	const char *function = frame_function(pool, frame);
	/* A C++ name has its parameters already. */
	if (!frame->function || strchr(function, '('))
		return function;
	return pool_print(pool, "%s(...)", function);
}

static void position_print(struct pool *pool, const struct frame *frame, FILE *out)
{
	if (frame->file)
		fprintf(out, "%s:%u", utf8_printable(pool, frame->file), frame->line);
	else if (frame->place.module && frame->place.module->path)
		fprintf(out, "%s", utf8_printable(pool, frame->place.module->path));
	else
		fprintf(out, "?");
	if (!frame->inlined && frame->entry_distance.known)
		fprintf(out, " +0x%" PRIx64, frame->entry_distance.value);
	fprintf(out, "%s\n", frame->guessed ? " (guessed)" : "");
}

static void stack_print(struct pool *pool, const struct trace *trace, FILE *out)
{
	for (unsigned i = 0; i < trace->count; i++) {
		const struct frame *frame = &trace->frames[i];
		if (frame->folded)
			continue;
		fprintf(out, "%s\n\t", function_call(pool, frame));
		position_print(pool, frame, out);
	}
	if (!trace->count)
		fprintf(out, "\tstack unavailable\n");
}

/* Go names one frame; the way to it is often what tells one caller from another. */
static void created_print(struct pool *pool, const struct trace *trace, FILE *out)
{
	const char *words = "created by";
	for (unsigned i = 0; i < trace->count; i++) {
		const struct frame *frame = &trace->frames[i];
		if (frame->folded)
			continue;
		fprintf(out, "%s %s\n\t", words, frame_function(pool, frame));
		position_print(pool, frame, out);
		words = "called by";
	}
}

static void thread_print(const struct report *report, const struct group *group,
	struct group_traces *traces, const struct dump_thread *thread, FILE *out)
{
	struct pool *pool = report->tracer.pool;
	if (traces->creator != thread->created_by) {
		traces->creator = thread->created_by;
		traces->created_by = trace_of_creator(&report->tracer, thread->created_by);
	}
	if (thread->id.known)
		fprintf(out, "thread %" PRIu64, thread->id.value);
	else
		fprintf(out, "thread -");
	state_print(report, group, thread, out);
	labels_print(report, thread, out);
	stack_print(pool, &traces->stack, out);
	created_print(pool, &traces->created_by, out);
	fprintf(out, "\n");
}

void render_debug2(const struct report *report, FILE *out)
{
	for (size_t i = 0; i < report->groups->count; i++) {
		const struct group *group = report->groups->list[i];
		struct group_traces traces = {.creator = NULL};
		traces.stack = trace_of_stack(
			&report->tracer, &group->stack, group->guessed, group->partial);
		for (size_t j = 0; j < group->thread_count; j++)
			thread_print(report, group, &traces, group->threads[j], out);
	}
}
