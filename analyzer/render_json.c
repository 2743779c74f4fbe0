/*
 * render_json.c - the report as one JSON object, schema 1. Absent facts are null, never 0.
 */
#include "analyzer/render.h"
#include "analyzer/descriptor.h"
#include "analyzer/json.h"
#include "analyzer/keepers.h"
#include "analyzer/proof.h"
#include "preload/contract/dump.h"

#include <string.h>

static void process_write(struct json *json, const struct dump *dump)
{
	json_object(json, "process");
	json_measured(json, "pid", dump->pid);
	json_text(json, "exe", dump->exe);
	json_text(json, "comm", dump->comm);
	json_measured(json, "start_time_ns", dump->start_ns);
	json_measured(json, "uptime_ns", dump->uptime_ns);
	json_object_end(json);
}

static void dump_write(struct json *json, const struct dump *dump)
{
	json_object(json, "dump");
	json_measured(json, "sequence", dump->sequence);
	json_measured(json, "time_ns", dump->time_ns);
	json_measured(json, "took_ns", dump->took_ns);
	json_text(json, "reason", dump->reason);
	json_object_end(json);
}

static void totals_write(struct json *json, const struct dump *dump)
{
	json_object(json, "totals");
	json_measured(json, "threads", dump->threads_total);
	json_measured(json, "blocked", dump->blocked);
	json_measured(json, "running", dump->running);
	json_measured(json, "unjoined", dump->unjoined_total);
	json_measured(json, "timers", dump->timers_total);
	json_measured(json, "started", dump->started);
	json_measured(json, "exited", dump->exited);
	json_object_end(json);
}

/* null: none was made. */
static void proof_totals_write(struct json *json, const struct dump *dump)
{
	if (!dump->has_proof) {
		json_null(json, "proof");
		return;
	}
	json_object(json, "proof");
	json_number(json, "unreachable", proof_count(dump, DUMP_UNREACHABLE));
	json_number(json, "reached", proof_count(dump, DUMP_REACHED));
	json_number(json, "unmeasured", proof_count(dump, DUMP_UNMEASURED));
	json_measured(json, "pictures", dump->proof_pictures);
	json_measured(json, "took_ns", dump->proof_took_ns);
	json_measured(json, "stall_ns", dump->proof_stall_ns);
	json_measured(json, "scanned_bytes", dump->proof_scanned_bytes);
	json_object_end(json);
}

static void verdict_write(struct json *json, const struct verdict *verdict)
{
	json_text(json, "verdict", verdict->word);
	json_text(json, "certainty", verdict->certainty);
	json_list(json, "evidence");
	for (size_t i = 0; i < verdict->evidence_count; i++)
		json_text(json, NULL, verdict->evidence[i]);
	json_list_end(json);
}

static void frame_write(struct json *json, const char *name, const struct frame *frame)
{
	const struct dump_module *module = frame->place.module;
	json_object(json, name);
	json_text(json, "function", frame->function);
	json_text(json, "file", frame->file);
	json_measured(json, "line", (struct measured){frame->line, frame->line != 0});
	json_text(json, "module", module ? module->path : NULL);
	json_text(json, "build_id", module ? module->build_id : NULL);
	json_hex(json, "offset", frame->place.offset);
	json_flag(json, "inlined", frame->inlined);
	json_flag(json, "guessed", frame->guessed);
	json_object_end(json);
}

static void trace_write(struct json *json, const char *name, const struct trace *trace)
{
	json_list(json, name);
	for (unsigned i = 0; i < trace->count; i++)
		frame_write(json, NULL, &trace->frames[i]);
	json_list_end(json);
}

static void created_by_write(
	struct json *json, const struct report *report, const struct dump_creator *creator)
{
	struct trace trace = trace_of_creator(&report->tracer, creator);
	trace_write(json, "created_by", &trace);
}

static void start_write(struct json *json, const struct report *report, struct measured start)
{
	if (!start.known) {
		json_null(json, "start_routine");
		return;
	}
	struct trace trace = trace_of_entry(&report->tracer, start.value);
	frame_write(json, "start_routine", &trace.frames[0]);
}

/* The id of the thread that holds what this one waits for. */
static void owner_write(
	struct json *json, const struct report *report, const struct dump_thread *thread)
{
	const struct dump_owner *owner = relations_owner(report->relations, thread);
	json_measured(json, "owner", owner ? owner->owner : (struct measured){0});
}

/* null: nothing is known; a count of 0: never woken. */
static void waker_write(
	struct json *json, const struct report *report, const struct dump_thread *thread)
{
	const struct dump_waker *waker = relations_waker(report->relations, thread);
	if (!waker || !waker->count.known) {
		json_null(json, "waker");
		return;
	}
	json_object(json, "waker");
	json_measured(json, "id", waker->thread);
	if (waker->place.known) {
		struct stack stack = {&waker->place.value, 1};
		struct measured unknown = {0};
		struct trace trace = trace_of_stack(&report->tracer, &stack, unknown, unknown);
		frame_write(json, "place", &trace.frames[trace.count - 1]);
	} else {
		json_null(json, "place");
	}
	json_measured(json, "count", waker->count);
	json_measured(json, "since_ns", waker->since_ns);
	json_measured_flag(json, "alive", waker->alive);
	json_measured_flag(json, "sole", waker->sole);
	json_object_end(json);
}

static void hex_write(struct json *json, const char *name, struct measured number)
{
	if (number.known)
		json_hex(json, name, number.value);
	else
		json_null(json, name);
}

static void link_write(struct json *json, const struct report *report, const struct dump_link *link)
{
	json_object(json, NULL);
	json_text(json, "link", link->word);
	json_text(json, "name", keepers_name(report, link));
	json_measured(json, "thread", link->thread);
	hex_write(json, "address", link->address);
	json_measured(json, "offset", link->offset);
	json_measured(json, "fd", link->fd);
	json_object_end(json);
}

static void reasons_write(struct json *json, struct pool *pool, const char *reasons)
{
	json_list(json, "reasons");
	while (reasons && *reasons) {
		size_t bytes = strcspn(reasons, ",");
		json_text(json, NULL, pool_print(pool, "%.*s", (int)bytes, reasons));
		reasons += bytes + (reasons[bytes] == ',');
	}
	json_list_end(json);
}

/* null: none was made of this wait, or it is no candidate. */
static void proof_write(
	struct json *json, const struct report *report, const struct dump_thread *thread)
{
	const struct dump_proof *proof = proof_of_thread(report->history, thread);
	if (!proof) {
		json_null(json, "proof");
		return;
	}
	json_object(json, "proof");
	json_text(json, "verdict", proof->verdict);
	reasons_write(json, report->tracer.pool, proof->reasons);
	json_list(json, "chain");
	for (size_t i = 0; i < proof->chain.count; i++)
		link_write(json, report, &proof->chain.links[i]);
	json_list_end(json);
	json_object_end(json);
}

static void thread_write(
	struct json *json, const struct report *report, const struct dump_thread *thread)
{
	json_object(json, NULL);
	json_measured(json, "tid", thread->tid);
	json_measured(json, "id", thread->id);
	json_text(json, "name", thread->name);
	json_measured(json, "since_ns", thread->since_ns);
	json_text(json, "object", thread->object);
	json_text(json, "object_detail",
		descriptor_words(report->tracer.pool, report->dump, thread->fd));
	json_measured(json, "stable_ns", thread->stable_ns);
	json_text(json, "scope", thread->scope);
	owner_write(json, report, thread);
	waker_write(json, report, thread);
	proof_write(json, report, thread);
	json_object_end(json);
}

/* Against each earlier dump that was given. */
static void changes_write(struct json *json, const struct report *report, const struct group *group)
{
	json_list(json, "changes");
	for (unsigned i = 0; i < report->change_count; i++) {
		const struct change *change = &report->changes[i];
		uint64_t then = change_count_then(change, group);
		json_object(json, NULL);
		json_measured(json, "since_sequence", change->since->sequence);
		json_measured(json, "since_time_ns", change->since->time_ns);
		json_signed(json, "count", (int64_t)(group->count - then));
		json_object_end(json);
	}
	json_list_end(json);
}

static void group_write(struct json *json, const struct report *report, const struct group *group)
{
	struct trace trace =
		trace_of_stack(&report->tracer, &group->stack, group->guessed, group->partial);
	json_object(json, NULL);
	json_number(json, "count", group->count);
	json_text(json, "wait", group->wait);
	json_measured_flag(json, "timed", group->timed);
	json_measured(json, "objects", group->objects);
	json_measured(json, "oldest_ns", group->oldest_ns);
	json_measured(json, "newest_ns", group->newest_ns);
	json_text(json, "source", group->source);
	json_measured_flag(json, "partial", group->partial);
	json_hex(json, "fingerprint", group->fingerprint);
	verdict_write(json, &group->verdict);
	changes_write(json, report, group);
	json_list(json, "threads");
	for (size_t i = 0; i < group->thread_count; i++)
		thread_write(json, report, group->threads[i]);
	json_list_end(json);
	trace_write(json, "stack", &trace);
	created_by_write(json, report, group->creation_count ? group->creations[0].creator : NULL);
	json_object_end(json);
}

static void ids_write(struct json *json, const char *name, const struct rows *threads)
{
	json_list(json, name);
	for (size_t i = 0; i < threads->count; i++)
		json_measured(json, NULL, finding_thread(threads, i)->id);
	json_list_end(json);
}

/* Surest first; what is about unjoined threads or timers names none. */
static void findings_write(struct json *json, const struct report *report)
{
	json_list(json, "verdicts");
	for (size_t i = 0; i < report->findings.count; i++) {
		const struct finding *finding = report->findings.list[i];
		struct verdict verdict = finding_verdict(finding);
		json_object(json, NULL);
		verdict_write(json, &verdict);
		json_number(json, "count", finding->count);
		json_text(json, "subject",
			finding->timers	    ? "timers"
			: finding->unjoined ? "unjoined"
					    : "threads");
		json_measured(json, "oldest_ns", finding->oldest_ns);
		json_measured(json, "stack_bytes", finding_stack_bytes(finding));
		json_text(json, "fix", finding->hint);
		ids_write(json, "threads", &finding->threads);
		ids_write(json, "behind", &finding->behind);
		json_object_end(json);
	}
	json_list_end(json);
}

static void groups_write(struct json *json, const struct report *report)
{
	json_list(json, "groups");
	for (size_t i = 0; i < report->groups->count; i++)
		group_write(json, report, report->groups->list[i]);
	json_list_end(json);
}

static void unjoined_thread_write(struct json *json, const struct dump_unjoined *thread)
{
	json_object(json, NULL);
	json_measured(json, "tid", thread->tid);
	json_measured(json, "id", thread->id);
	json_text(json, "name", thread->name);
	json_measured(json, "since_ns", thread->since_ns);
	json_measured(json, "stack_bytes", thread->stack_bytes);
	json_text(json, "scope", thread->scope);
	json_object_end(json);
}

static void unjoined_write(struct json *json, const struct report *report)
{
	if (!report->dump->has_unjoined) {
		json_null(json, "unjoined");
		return;
	}
	json_list(json, "unjoined");
	for (size_t i = 0; i < report->remains->unjoined_count; i++) {
		const struct unjoined_group *group = &report->remains->unjoined[i];
		json_object(json, NULL);
		json_number(json, "count", group->count);
		verdict_write(json, &group->verdict);
		json_list(json, "threads");
		for (size_t j = 0; j < group->count; j++)
			unjoined_thread_write(json, group->threads[j]);
		json_list_end(json);
		start_write(json, report, group->start);
		created_by_write(json, report, group->creator);
		json_object_end(json);
	}
	json_list_end(json);
}

static void timer_write(struct json *json, const struct dump_timer *timer)
{
	json_object(json, NULL);
	json_measured(json, "id", timer->id);
	json_text(json, "object", timer->object);
	json_measured(json, "since_ns", timer->since_ns);
	json_measured(json, "period_ns", timer->period_ns);
	json_measured(json, "overruns", timer->overruns);
	json_text(json, "clock", timer->clock);
	json_text(json, "notify", timer->notify);
	json_measured(json, "server", timer->server);
	json_text(json, "scope", timer->scope);
	json_object_end(json);
}

static void timers_write(struct json *json, const struct report *report)
{
	if (!report->dump->has_timers) {
		json_null(json, "timers");
		return;
	}
	json_list(json, "timers");
	for (size_t i = 0; i < report->remains->timer_count; i++) {
		const struct timer_group *group = &report->remains->timers[i];
		const struct measured unknown = {0};
		json_object(json, NULL);
		json_number(json, "count", group->count);
		json_text(json, "kind", group->kind);
		json_measured(json, "created", group->creator ? group->creator->made : unknown);
		json_measured(json, "deleted", group->creator ? group->creator->gone : unknown);
		verdict_write(json, &group->verdict);
		json_list(json, "timers");
		for (size_t j = 0; j < group->count; j++)
			timer_write(json, group->timers[j]);
		json_list_end(json);
		created_by_write(json, report, group->creator);
		json_object_end(json);
	}
	json_list_end(json);
}

static void losses_write(struct json *json, const struct dump *dump)
{
	if (!dump->has_losses) {
		json_null(json, "losses");
		return;
	}
	json_object(json, "losses");
	for (size_t i = 0; i < dump->loss_count; i++)
		if (dump->losses[i].cause)
			json_measured(json, dump->losses[i].cause, dump->losses[i].count);
	json_object_end(json);
}

void render_json(const struct report *report, FILE *out)
{
	struct json json = {.out = out};
	json_object(&json, NULL);
	json_number(&json, "schema", 1);
	process_write(&json, report->dump);
	dump_write(&json, report->dump);
	totals_write(&json, report->dump);
	proof_totals_write(&json, report->dump);
	findings_write(&json, report);
	groups_write(&json, report);
	unjoined_write(&json, report);
	timers_write(&json, report);
	losses_write(&json, report->dump);
	json_object_end(&json);
}
