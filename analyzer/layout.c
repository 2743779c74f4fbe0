/*
 * layout.c - the tables of the dump format. A new key or column is a row here and a member in dump.h.
 */
#include "analyzer/layout.h"
#include "preload/contract/dump.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

#define NUMBER(type, member, word)                                                                 \
	{                                                                                          \
		word, VALUE_NUMBER, offsetof(struct type, member)                                  \
	}
#define FLAG(type, member, word)                                                                   \
	{                                                                                          \
		word, VALUE_FLAG, offsetof(struct type, member)                                    \
	}
#define ADDRESS(type, member, word)                                                                \
	{                                                                                          \
		word, VALUE_ADDRESS, offsetof(struct type, member)                                 \
	}
#define TEXT(type, member, word)                                                                   \
	{                                                                                          \
		word, VALUE_TEXT, offsetof(struct type, member)                                    \
	}
#define STACK(type, member, word)                                                                  \
	{                                                                                          \
		word, VALUE_STACK, offsetof(struct type, member)                                   \
	}

static const struct field process_fields[] = {
	NUMBER(dump, pid, "pid"),
	NUMBER(dump, start_ticks, "start_ticks"),
	NUMBER(dump, start_ns, "start_ns"),
	TEXT(dump, exe, "exe"),
	TEXT(dump, comm, "comm"),
};

static const struct field machine_fields[] = {
	TEXT(dump, arch, "arch"),
	TEXT(dump, glibc, "glibc"),
};

static const struct field dump_fields[] = {
	NUMBER(dump, sequence, "sequence"),
	NUMBER(dump, time_ns, "time_ns"),
	NUMBER(dump, uptime_ns, "uptime_ns"),
	NUMBER(dump, tick_ns, "tick_ns"),
	TEXT(dump, reason, "reason"),
	NUMBER(dump, exiting_tid, "exiting_tid"),
	TEXT(dump, shim, "shim"),
};

static const struct field totals_fields[] = {
	NUMBER(dump, threads_total, "threads"),
	NUMBER(dump, blocked, "blocked"),
	NUMBER(dump, running, "running"),
	NUMBER(dump, unjoined_total, "unjoined"),
	NUMBER(dump, timers_total, "timers"),
	NUMBER(dump, started, "started"),
	NUMBER(dump, exited, "exited"),
};

static const struct field limits_fields[] = {
	NUMBER(dump, limit_nproc, "nproc"),
	NUMBER(dump, limit_threads_max, "threads_max"),
	NUMBER(dump, limit_pid_max, "pid_max"),
	NUMBER(dump, limit_pids_max, "pids_max"),
	NUMBER(dump, limit_pids_current, "pids_current"),
	NUMBER(dump, limit_map_count_max, "map_count_max"),
};

static const struct field proof_totals_fields[] = {
	NUMBER(dump, proof_pictures, "pictures"),
	NUMBER(dump, proof_took_ns, "took_ns"),
	NUMBER(dump, proof_stall_ns, "stall_ns"),
	NUMBER(dump, proof_scanned_bytes, "scanned_bytes"),
};

static const struct header_layout headers[] = {
	{"# process ", process_fields, COUNT(process_fields)},
	{"# machine ", machine_fields, COUNT(machine_fields)},
	{"# dump ", dump_fields, COUNT(dump_fields)},
	{"# totals ", totals_fields, COUNT(totals_fields)},
	{"# limits ", limits_fields, COUNT(limits_fields)},
	{"# proof ", proof_totals_fields, COUNT(proof_totals_fields)},
};

static const struct field group_fields[] = {
	NUMBER(dump_group, number, "group"),
	NUMBER(dump_group, count, "count"),
	TEXT(dump_group, wait, "wait"),
	FLAG(dump_group, timed, "timed"),
	TEXT(dump_group, source, "source"),
	NUMBER(dump_group, guessed, "guessed"),
	FLAG(dump_group, partial, "partial"),
};

static const struct field thread_fields[] = {
	NUMBER(dump_thread, id, "id"),
	NUMBER(dump_thread, tid, "tid"),
	NUMBER(dump_thread, group, "group"),
	NUMBER(dump_thread, since_ns, "since_ns"),
	TEXT(dump_thread, object, "object"),
	NUMBER(dump_thread, waits, "waits"),
	NUMBER(dump_thread, stable_ns, "stable_ns"),
	NUMBER(dump_thread, creator, "creator"),
	ADDRESS(dump_thread, start, "start"),
	FLAG(dump_thread, detached, "detached"),
	NUMBER(dump_thread, stack_bytes, "stack_bytes"),
	NUMBER(dump_thread, sleep_ns, "sleep_ns"),
	TEXT(dump_thread, name, "name"),
	TEXT(dump_thread, scope, "scope"),
	FLAG(dump_thread, ignored, "ignored"),
};

static const struct field creator_fields[] = {
	NUMBER(dump_creator, id, "id"),
	TEXT(dump_creator, kind, "kind"),
	NUMBER(dump_creator, made, "made"),
	NUMBER(dump_creator, gone, "gone"),
	STACK(dump_creator, stack, "stack"),
};

static const struct field timer_fields[] = {
	NUMBER(dump_timer, id, "id"),
	TEXT(dump_timer, kind, "kind"),
	NUMBER(dump_timer, creator, "creator"),
	TEXT(dump_timer, object, "object"),
	NUMBER(dump_timer, since_ns, "since_ns"),
	NUMBER(dump_timer, period_ns, "period_ns"),
	NUMBER(dump_timer, overruns, "overruns"),
	TEXT(dump_timer, clock, "clock"),
	TEXT(dump_timer, notify, "notify"),
	NUMBER(dump_timer, server, "server"),
	TEXT(dump_timer, scope, "scope"),
};

static const struct field unjoined_fields[] = {
	NUMBER(dump_unjoined, id, "id"),
	NUMBER(dump_unjoined, tid, "tid"),
	NUMBER(dump_unjoined, creator, "creator"),
	ADDRESS(dump_unjoined, start, "start"),
	NUMBER(dump_unjoined, since_ns, "since_ns"),
	NUMBER(dump_unjoined, stack_bytes, "stack_bytes"),
	TEXT(dump_unjoined, name, "name"),
	TEXT(dump_unjoined, scope, "scope"),
	FLAG(dump_unjoined, ignored, "ignored"),
};

static const struct field waker_fields[] = {
	TEXT(dump_waker, object, "object"),
	NUMBER(dump_waker, thread, "thread"),
	ADDRESS(dump_waker, place, "place"),
	NUMBER(dump_waker, count, "count"),
	NUMBER(dump_waker, since_ns, "since_ns"),
	FLAG(dump_waker, alive, "alive"),
	FLAG(dump_waker, sole, "sole"),
};

static const struct field owner_fields[] = {
	TEXT(dump_owner, object, "object"),
	TEXT(dump_owner, kind, "kind"),
	NUMBER(dump_owner, owner_tid, "owner_tid"),
	NUMBER(dump_owner, owner, "owner"),
	FLAG(dump_owner, alive, "alive"),
	NUMBER(dump_owner, readers, "readers"),
};

static const struct field fd_fields[] = {
	TEXT(dump_fd, object, "object"),
	TEXT(dump_fd, kind, "kind"),
	NUMBER(dump_fd, inode, "inode"),
	TEXT(dump_fd, state, "state"),
	NUMBER(dump_fd, value, "value"),
	NUMBER(dump_fd, unread, "unread"),
	NUMBER(dump_fd, unsent, "unsent"),
	TEXT(dump_fd, local, "local"),
	TEXT(dump_fd, remote, "remote"),
	TEXT(dump_fd, other, "other"),
	TEXT(dump_fd, members, "members"),
};

static const struct field proof_fields[] = {
	NUMBER(dump_proof, thread, "thread"),
	TEXT(dump_proof, verdict, "verdict"),
	TEXT(dump_proof, reasons, "reasons"),
	TEXT(dump_proof, chain_text, "chain"),
};

static const struct field loss_fields[] = {
	TEXT(dump_loss, cause, "cause"),
	NUMBER(dump_loss, count, "count"),
};

static const struct field module_fields[] = {
	ADDRESS(dump_module, start, "start"),
	ADDRESS(dump_module, end, "end"),
	ADDRESS(dump_module, bias, "bias"),
	TEXT(dump_module, build_id, "build_id"),
	TEXT(dump_module, path, "path"),
};

static const struct field end_fields[] = {
	NUMBER(end_line, lines, "lines"),
	NUMBER(end_line, took_ns, "took_ns"),
};

static void keep_threads(struct dump *dump, const struct rows *rows)
{
	dump->threads = rows->items;
	dump->thread_count = rows->count;
	dump->has_threads = true;
}

static void keep_creators(struct dump *dump, const struct rows *rows)
{
	dump->creators = rows->items;
	dump->creator_count = rows->count;
}

static void keep_timers(struct dump *dump, const struct rows *rows)
{
	dump->timers = rows->items;
	dump->timer_count = rows->count;
	dump->has_timers = true;
}

static void keep_unjoined(struct dump *dump, const struct rows *rows)
{
	dump->unjoined = rows->items;
	dump->unjoined_count = rows->count;
	dump->has_unjoined = true;
}

static void keep_wakers(struct dump *dump, const struct rows *rows)
{
	dump->wakers = rows->items;
	dump->waker_count = rows->count;
	dump->has_wakers = true;
}

static void keep_owners(struct dump *dump, const struct rows *rows)
{
	dump->owners = rows->items;
	dump->owner_count = rows->count;
	dump->has_owners = true;
}

static void keep_fds(struct dump *dump, const struct rows *rows)
{
	dump->fds = rows->items;
	dump->fd_count = rows->count;
}

static void keep_proofs(struct dump *dump, const struct rows *rows)
{
	dump->proofs = rows->items;
	dump->proof_count = rows->count;
	dump->has_proof = true;
}

static void keep_losses(struct dump *dump, const struct rows *rows)
{
	dump->losses = rows->items;
	dump->loss_count = rows->count;
	dump->has_losses = true;
}

static void keep_modules(struct dump *dump, const struct rows *rows)
{
	dump->modules = rows->items;
	dump->module_count = rows->count;
}

static const struct section_layout sections[] = {
	{DUMP_SECTION_THREADS, thread_fields, COUNT(thread_fields), sizeof(struct dump_thread),
		keep_threads},
	{DUMP_SECTION_CREATORS, creator_fields, COUNT(creator_fields), sizeof(struct dump_creator),
		keep_creators},
	{DUMP_SECTION_TIMERS, timer_fields, COUNT(timer_fields), sizeof(struct dump_timer),
		keep_timers},
	{DUMP_SECTION_UNJOINED, unjoined_fields, COUNT(unjoined_fields),
		sizeof(struct dump_unjoined), keep_unjoined},
	{DUMP_SECTION_WAKERS, waker_fields, COUNT(waker_fields), sizeof(struct dump_waker),
		keep_wakers},
	{DUMP_SECTION_OWNERS, owner_fields, COUNT(owner_fields), sizeof(struct dump_owner),
		keep_owners},
	{DUMP_SECTION_FDS, fd_fields, COUNT(fd_fields), sizeof(struct dump_fd), keep_fds},
	{DUMP_SECTION_PROOF, proof_fields, COUNT(proof_fields), sizeof(struct dump_proof),
		keep_proofs},
	{DUMP_SECTION_LOSSES, loss_fields, COUNT(loss_fields), sizeof(struct dump_loss),
		keep_losses},
	{DUMP_SECTION_MODULES, module_fields, COUNT(module_fields), sizeof(struct dump_module),
		keep_modules},
};

const struct header_layout layout_of_group = {"# ", group_fields, COUNT(group_fields)};
const struct header_layout layout_of_end = {DUMP_END, end_fields, COUNT(end_fields)};

const struct header_layout *layout_of_header(const char *line)
{
	for (size_t i = 0; i < COUNT(headers); i++)
		if (!strncmp(line, headers[i].start, strlen(headers[i].start)))
			return &headers[i];
	return NULL;
}

const struct section_layout *layout_of_section(const char *title)
{
	for (size_t i = 0; i < COUNT(sections); i++)
		if (!strcmp(title, sections[i].title))
			return &sections[i];
	return NULL;
}

const struct field *layout_field(const struct field *fields, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(fields[i].name, name))
			return &fields[i];
	return NULL;
}
