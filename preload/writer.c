/*
 * writer.c - the text of a dump, section by section, in the order of docs/dump-format.md.
 *
 * Knows the format and nothing else: where the text goes is store.c's and control.c's business.
 */
#include "preload/writer.h"
#include "preload/arena.h"
#include "preload/creators.h"
#include "preload/modules.h"
#include "preload/scopes.h"
#include "preload/sys.h"
#include "preload/syscalls.h"
#include "preload/writer_proof.h"

#include <gnu/libc-version.h>
#include <signal.h>
#include <string.h>

#define PAGE_BYTES	4096
#define ROW_BYTES_USUAL 112u
#define ROW_BYTES	256 /* seven numbers of 20 digits and the words before them take less */

static const char *const wait_words[] = {
#define WAIT(enumerator, word, object, words) [WAIT_##enumerator] = word,
#include "preload/contract/waits.def"
#undef WAIT
};

static const unsigned char wait_objects[] = {
#define WAIT(enumerator, word, object, words) [WAIT_##enumerator] = OBJECT_##object,
#include "preload/contract/waits.def"
#undef WAIT
};

static const char *const loss_words[] = {
#define LOSS(enumerator, word, words) [LOSS_##enumerator] = word,
#include "preload/contract/losses.def"
#undef LOSS
};

/* --- values ----------------------------------------------------------------------------------------- */

static void put_line(struct text *text, const char *line)
{
	text_put(text, line);
	text_newline(text);
}

static void put_key(struct text *text, const char *key, uint64_t number)
{
	text_put(text, " ");
	text_put(text, key);
	text_put(text, "=");
	text_put_u64(text, number);
}

static void put_key_text(struct text *text, const char *key, const char *value)
{
	text_put(text, " ");
	text_put(text, key);
	text_put(text, "=");
	text_put_percent(text, value);
}

static void put_limit(struct text *text, const char *key, uint64_t limit)
{
	text_put(text, " ");
	text_put(text, key);
	text_put(text, "=");
	if (limit != LIMIT_ABSENT)
		text_put_u64(text, limit);
	else
		text_put(text, DUMP_ABSENT);
}

/* A value of a row after the first, absent where it says so. */
static void put_value(struct text *text, bool known, uint64_t number)
{
	text_put(text, " ");
	if (known)
		text_put_u64(text, number);
	else
		text_put(text, DUMP_ABSENT);
}

static void put_address(struct text *text, bool known, uintptr_t address)
{
	text_put(text, " ");
	if (known)
		text_put_hex(text, address);
	else
		text_put(text, DUMP_ABSENT);
}

static void put_text(struct text *text, const char *value)
{
	text_put(text, value && *value ? " " : " " DUMP_ABSENT);
	if (value && *value)
		text_put_percent(text, value);
}

static void put_frames(struct text *text, const uintptr_t *frames, unsigned count)
{
	text_put(text, "@");
	for (unsigned i = 0; i < count; i++)
		put_address(text, true, frames[i]);
}

static void put_scope(struct text *text, const struct scope *scope)
{
	put_text(text, scope ? scope->name : NULL);
}

static char *copy_number(char *to, bool known, uint64_t number)
{
	*to++ = ' ';
	if (known)
		return text_copy_u64(to, number);
	return text_copy(to, DUMP_ABSENT);
}

static char *copy_object(char *to, const struct sighting *thread)
{
	*to++ = ' ';
	switch (thread->object == OBJECT_ABSENT ? OBJECT_NONE : wait_objects[thread->kind]) {
	case OBJECT_MEMORY:
		return text_copy_hex(to, thread->object);
	case OBJECT_FD:
		return text_copy_u64(text_copy(to, "fd:"), thread->object);
	case OBJECT_ID:
		return text_copy_u64(text_copy(to, "id:"), thread->object);
	case OBJECT_THREAD:
		if (thread->object)
			return text_copy_u64(text_copy(to, "thread:"), thread->object);
		break;
	}
	return text_copy(to, DUMP_ABSENT);
}

/* --- creators: numbered by their place in the table --------------------------------------------------- */

static void put_creator(struct text *text, const struct creator *creator)
{
	for (uint32_t i = 0; creator && i < CREATORS; i++) {
		uint32_t row = (uint32_t)(creator->hash + i) % CREATORS;
		if (creator_at(row) == creator) {
			put_value(text, true, row + 1);
			return;
		}
	}
	put_value(text, false, 0);
}

/* --- header ----------------------------------------------------------------------------------------- */

static void put_header(
	struct text *text, const struct snapshot *snapshot, const struct dump_facts *facts)
{
	text_put(text, DUMP_MAGIC);
	text_put_u64(text, DUMP_VERSION);
	text_newline(text);

	text_put(text, "# process");
	put_key(text, "pid", (uint64_t)facts->self->pid);
	put_key(text, "start_ticks", facts->self->start_ticks);
	put_key(text, "start_ns", facts->self->start_ns);
	if (facts->self->exe[0])
		put_key_text(text, "exe", facts->self->exe);
	else
		text_put(text, " exe=" DUMP_ABSENT);
	put_key_text(text, "comm", facts->self->name);
	text_newline(text);

	text_put(text, "# machine arch=x86_64");
	put_key_text(text, "glibc", gnu_get_libc_version());
	put_key(text, "page_bytes", PAGE_BYTES);
	text_newline(text);

	text_put(text, "# dump");
	put_key(text, "sequence", facts->sequence);
	put_key(text, "time_ns", facts->time_ns);
	put_key(text, "uptime_ns", facts->uptime_ns);
	put_key_text(text, "reason", facts->reason);
	if (snapshot->exiting_tid)
		put_key(text, "exiting_tid", (uint64_t)snapshot->exiting_tid);
	put_key(text, "tick_ns", facts->tick_ns);
	put_key_text(text, "shim", LEAKWATCH_VERSION);
	text_newline(text);

	text_put(text, "# totals");
	put_key(text, "threads", snapshot->thread_count);
	put_key(text, "blocked", snapshot->blocked);
	put_key(text, "running", snapshot->thread_count - snapshot->blocked);
	put_key(text, "unjoined", snapshot->leftover_count);
	put_key(text, "timers", snapshot->timer_count);
	put_key(text, "started", slots_started);
	put_key(text, "exited", slots_exited.count);
	text_newline(text);

	text_put(text, "# limits");
	put_limit(text, "nproc", facts->limits.nproc);
	put_limit(text, "threads_max", facts->limits.threads_max);
	put_limit(text, "pid_max", facts->limits.pid_max);
	put_limit(text, "pids_max", facts->limits.pids_max);
	put_limit(text, "pids_current", facts->limits.pids_current);
	put_limit(text, "map_count_max", facts->limits.map_count_max);
	text_newline(text);
	text_newline(text);
	if (facts->proving)
		proof_header_write(text, facts->proving);
}

/* --- groups ----------------------------------------------------------------------------------------- */

static void put_group(struct text *text, const struct group *group)
{
	unsigned count;
	const uintptr_t *frames = stack_frames(group->stack, &count);
	if (count) {
		text_put_u64(text, group->count);
		text_put(text, " ");
		put_frames(text, frames, count);
		text_newline(text);
	}
	text_put(text, "# group=");
	text_put_u64(text, group->number);
	put_key(text, "count", group->count);
	put_key_text(text, "wait", wait_words[group->kind]);
	text_put(text, " timed=");
	text_put(text, group->timed < 0 ? DUMP_ABSENT : group->timed ? "1" : "0");
	put_key_text(text, "source", group->from_proc ? "proc" : "slot");
	text_put(text, " guessed=");
	if (group->guessed < 0)
		text_put(text, DUMP_ABSENT);
	else
		text_put_u64(text, (uint64_t)group->guessed);
	put_key(text, "partial", group->partial);
	text_newline(text);
	text_newline(text);
}

static void put_groups(struct text *text, const struct snapshot *snapshot)
{
	text_put(text, "thread profile: total ");
	text_put_u64(text, snapshot->thread_count);
	text_newline(text);
	for (uint32_t i = 0; i < snapshot->group_count; i++)
		put_group(text, &snapshot->groups[snapshot->order[i]]);
}

/* --- sections --------------------------------------------------------------------------------------- */

static void put_section(struct text *text, const char *title, const char *columns)
{
	put_line(text, title);
	put_line(text, columns);
}

/* The part of a row that says what the thread is doing. */
static void put_thread_now(
	struct text *text, const struct snapshot *snapshot, const struct sighting *thread)
{
	char *to = text_open(text, ROW_BYTES);
	if (!to)
		return;
	to = thread->id ? text_copy_u64(to, thread->id) : text_copy(to, DUMP_ABSENT);
	to = copy_number(to, true, (uint64_t)thread->tid);
	to = copy_number(to, true, snapshot->groups[thread->group].number);
	to = copy_number(to, thread->since_ns != NOT_MEASURED, thread->since_ns);
	to = copy_object(to, thread);
	to = copy_number(to, thread->waits != NOT_MEASURED, thread->waits);
	to = copy_number(to, thread->stable_ns != NOT_MEASURED, thread->stable_ns);
	text_close(text, to);
}

/* The part that says what it is: of most threads, the same as of the one before. */
static void put_thread_always(struct text *text, const struct sighting *thread)
{
	put_creator(text, thread->creator);
	put_address(text, thread->start != 0, thread->start);
	put_value(text, thread->detached >= 0, (uint64_t)thread->detached);
	put_value(text, thread->stack_bytes != 0, thread->stack_bytes);
	put_value(text, thread->sleep_ns != 0, thread->sleep_ns);
	text_put(text, " ");
	text_put_percent(text, thread->name);
	put_scope(text, thread->scope);
	put_value(text, thread->ignored >= 0, (uint64_t)thread->ignored);
}

static bool is_alike(const struct sighting *a, const struct sighting *b)
{
	return a->creator == b->creator && a->start == b->start && a->detached == b->detached &&
	       a->stack_bytes == b->stack_bytes && a->sleep_ns == b->sleep_ns &&
	       a->scope == b->scope && a->ignored == b->ignored &&
	       memcmp(a->name, b->name, sizeof a->name) == 0;
}

static void put_threads(struct text *text, const struct snapshot *snapshot)
{
	const struct sighting *threads = snapshot->threads;
	size_t from = 0, bytes = 0; /* of the second part of the last row */
	text_open(text, snapshot->thread_count * ROW_BYTES_USUAL);
	put_section(text, DUMP_SECTION_THREADS, DUMP_COLUMNS_THREADS);
	for (uint32_t i = 0; i < snapshot->thread_count; i++) {
		put_thread_now(text, snapshot, &threads[i]);
		if (bytes && is_alike(&threads[i], &threads[i - 1])) {
			text_repeat(text, from, bytes);
		} else {
			from = text->count;
			put_thread_always(text, &threads[i]);
			bytes = text->count - from;
		}
		text_newline(text);
	}
	text_newline(text);
}

static void put_creators(struct text *text)
{
	static const char *const kinds[] = {
		[CREATES_THREAD] = " thread ",
		[CREATES_TIMER] = " timer_create ",
		[CREATES_TIMERFD] = " timerfd ",
		[CREATES_ITIMER] = " setitimer ",
	};
	put_section(text, DUMP_SECTION_CREATORS, DUMP_COLUMNS_CREATORS);
	for (uint32_t i = 0; i < CREATORS; i++) {
		const struct creator *creator = creator_at(i);
		if (!creator)
			continue;
		text_put_u64(text, i + 1);
		text_put(text, kinds[creator->kind]);
		text_put_u64(text, creator->made);
		put_value(text, true, creator->gone);
		text_put(text, " ");
		put_frames(text, creator->frames, creator->count);
		text_newline(text);
	}
	text_newline(text);
}

static const char *clock_name(int clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
		return "CLOCK_REALTIME";
	case CLOCK_MONOTONIC:
		return "CLOCK_MONOTONIC";
	case CLOCK_BOOTTIME:
		return "CLOCK_BOOTTIME";
	case CLOCK_TAI:
		return "CLOCK_TAI";
	case CLOCK_REALTIME_ALARM:
		return "CLOCK_REALTIME_ALARM";
	case CLOCK_BOOTTIME_ALARM:
		return "CLOCK_BOOTTIME_ALARM";
	case CLOCK_PROCESS_CPUTIME_ID:
		return "CLOCK_PROCESS_CPUTIME_ID";
	case CLOCK_THREAD_CPUTIME_ID:
		return "CLOCK_THREAD_CPUTIME_ID";
	default:
		return DUMP_ABSENT;
	}
}

static const char *notify_name(int notify)
{
	switch (notify) {
	case TIMER_NOTIFY_FD:
		return "fd";
	case SIGEV_NONE:
		return "none";
	case SIGEV_THREAD:
		return "thread";
	case SIGEV_THREAD_ID:
		return "thread_id";
	default:
		return "signal";
	}
}

static void put_timer(struct text *text, const struct snapshot *snapshot, const struct timer *timer)
{
	static const char *const kinds[] = {"timer_create", "timerfd", "setitimer"};
	static const char *const itimers[] = {"itimer:real", "itimer:virtual", "itimer:prof"};
	if (timer->id)
		text_put_u64(text, timer->id);
	else
		text_put(text, DUMP_ABSENT);
	text_put(text, " ");
	text_put(text, kinds[timer->kind]);
	put_creator(text, timer->creator);
	text_put(text, timer->kind == TIMER_POSIX ? " timer:"
		       : timer->kind == TIMER_FD  ? " fd:"
						  : " ");
	if (timer->kind == TIMER_INTERVAL)
		text_put(text, itimers[timer->handle % 3]);
	else
		text_put_u64(text,
			timer->kind == TIMER_POSIX ? (uint64_t)timer->kernel_id : timer->handle);
	put_value(text, timer->made_ns <= snapshot->taken_ns, snapshot->taken_ns - timer->made_ns);
	put_value(text, true, timer->period_ns);
	put_value(text, timer->overruns >= 0, (uint64_t)timer->overruns);
	text_put(text, " ");
	text_put(text, clock_name(timer->clock));
	text_put(text, " ");
	text_put(text, notify_name(timer->notify));
	put_value(text, timer->server != 0, (uint64_t)timer->server);
	put_scope(text, timer->scope);
	text_newline(text);
}

static void put_timers(struct text *text, const struct snapshot *snapshot)
{
	put_section(text, DUMP_SECTION_TIMERS, DUMP_COLUMNS_TIMERS);
	for (uint32_t i = 0; i < snapshot->timer_count; i++)
		put_timer(text, snapshot, &snapshot->timers[i]);
	text_newline(text);
}

static void put_unjoined(struct text *text, const struct snapshot *snapshot)
{
	put_section(text, DUMP_SECTION_UNJOINED, DUMP_COLUMNS_UNJOINED);
	for (uint32_t i = 0; i < snapshot->leftover_count; i++) {
		const struct leftover *leftover = &snapshot->leftovers[i];
		text_put_u64(text, leftover->id);
		put_value(text, true, (uint64_t)leftover->tid);
		put_creator(text, leftover->creator);
		put_address(text, leftover->start != 0, leftover->start);
		put_value(text, true, leftover->since_ns);
		put_value(text, leftover->stack_bytes != 0, leftover->stack_bytes);
		text_put(text, " ");
		text_put_percent(text, leftover->name);
		put_scope(text, leftover->scope);
		put_value(text, true, leftover->ignored);
		text_newline(text);
	}
	text_newline(text);
}

static void put_waker(struct text *text, const struct waker_row *row, uint64_t tick_ns)
{
	const struct waking *waking = &row->waking;
	bool noted = row->known == WAKING_NOTED;
	if (row->is_fd) {
		text_put(text, "fd:");
		text_put_u64(text, row->object);
	} else {
		text_put_hex(text, row->object);
	}
	put_value(text, noted && waking->thread, waking->thread);
	put_address(text, noted, waking->place);
	put_value(text, row->known != WAKING_LOST, waking->count);
	put_value(text, noted, waking->ticks_ago * tick_ns);
	put_value(text, row->alive >= 0, (uint64_t)row->alive);
	put_value(text, noted, !waking->several);
	text_newline(text);
}

static void put_wakers(struct text *text, const struct evidence *evidence, uint64_t tick_ns)
{
	put_section(text, DUMP_SECTION_WAKERS, DUMP_COLUMNS_WAKERS);
	for (size_t i = 0; i < evidence->waker_count; i++)
		put_waker(text, &evidence->wakers[i], tick_ns);
	text_newline(text);
}

static void put_owner(struct text *text, const struct owner_row *row)
{
	static const char *const kinds[] = {" mutex", " rwlock", " semaphore"};
	text_put_hex(text, row->object);
	text_put(text, kinds[row->kind]);
	put_value(text, row->tid >= 0, (uint64_t)row->tid);
	put_value(text, row->thread != 0, row->thread);
	put_value(text, row->alive >= 0, (uint64_t)row->alive);
	put_value(text, row->kind != LOCK_SEMAPHORE, row->readers);
	text_newline(text);
}

static void put_owners(struct text *text, const struct evidence *evidence)
{
	put_section(text, DUMP_SECTION_OWNERS, DUMP_COLUMNS_OWNERS);
	for (size_t i = 0; i < evidence->owner_count; i++)
		put_owner(text, &evidence->owners[i]);
	text_newline(text);
}

/* A list of numbers with commas, as one value. */
static void put_numbers(struct text *text, const int *numbers, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		text_put(text, i ? "," : " ");
		text_put_u64(text, (unsigned)numbers[i]);
	}
	if (!count)
		text_put(text, " " DUMP_ABSENT);
}

static void put_fd(struct text *text, const struct fd_row *row)
{
	if (row->is_set) {
		text_put_hex(text, row->object);
	} else {
		text_put(text, "fd:");
		text_put_u64(text, row->object);
	}
	put_text(text, row->kind);
	put_value(text, row->has_inode, row->inode);
	put_text(text, row->state);
	put_value(text, row->has_value, row->value);
	put_value(text, row->has_unread, row->unread);
	put_value(text, row->has_unsent, row->unsent);
	put_text(text, row->local);
	put_text(text, row->remote);
	if (row->others_known && !row->other_count)
		text_put(text, " none");
	else
		put_numbers(text, row->others, row->other_count);
	put_numbers(text, row->members, row->member_count);
	text_newline(text);
}

static void put_fds(struct text *text, const struct fds *fds)
{
	put_section(text, DUMP_SECTION_FDS, DUMP_COLUMNS_FDS);
	for (size_t i = 0; i < fds->count; i++)
		put_fd(text, &fds->rows[i]);
	text_newline(text);
}

static void put_losses(struct text *text, const struct snapshot *snapshot)
{
	put_section(text, DUMP_SECTION_LOSSES, DUMP_COLUMNS_LOSSES);
	for (int loss = 0; loss < LOSSES; loss++) {
		if (!snapshot->losses[loss])
			continue;
		text_put(text, loss_words[loss]);
		put_value(text, true, snapshot->losses[loss]);
		text_newline(text);
	}
	text_newline(text);
}

/* --- modules ---------------------------------------------------------------------------------------- */

static void modules_of_frames(const uintptr_t *frames, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		modules_note(frames[i] - 1);
}

/* Those that occur in the dump, and the executable by way of its threads' creators and the program's
 * entry: whoever reads an object's address wants to know whose data it is. */
static void modules_collect(const struct snapshot *snapshot, const struct dump_facts *facts)
{
	for (uint32_t i = 0; i < snapshot->group_count; i++) {
		unsigned count;
		const uintptr_t *frames = stack_frames(snapshot->groups[i].stack, &count);
		modules_of_frames(frames, count);
	}
	for (uint32_t i = 0; i < CREATORS; i++)
		if (creator_at(i))
			modules_of_frames(creator_at(i)->frames, creator_at(i)->count);
	for (size_t i = 0; i < snapshot->evidence.waker_count; i++)
		if (snapshot->evidence.wakers[i].waking.place)
			modules_note(snapshot->evidence.wakers[i].waking.place - 1);
	if (facts->proving)
		proof_modules(facts->proving);
	modules_note(facts->self->entry);
}

static void put_modules(struct text *text)
{
	put_section(text, DUMP_SECTION_MODULES, DUMP_COLUMNS_MODULES);
	for (size_t i = 0; i < modules_count(); i++) {
		const struct module *module = modules_at(i);
		text_put_hex(text, module->start);
		put_address(text, true, module->end);
		put_address(text, true, module->bias);
		text_put(text, module->build_id_bytes ? " " : " " DUMP_ABSENT);
		text_put_hex_bytes(text, module->build_id, module->build_id_bytes);
		text_put(text, " ");
		if (module->is_read)
			text_put_percent(text, module->path);
		else
			text_put(text, DUMP_ABSENT);
		text_newline(text);
	}
	text_newline(text);
}

struct map_context {
	struct text *text;
	const struct module *module;
};

/* As in /proc/PID/maps: no 0x, at least eight digits. */
static void put_map_address(struct text *text, uintptr_t address)
{
	for (uintptr_t limit = 0x10000000; limit > address && limit > 1; limit >>= 4)
		text_put(text, "0");
	char digits[2 * sizeof address + 1], *at = digits + sizeof digits - 1;
	*at = '\0';
	do {
		*--at = "0123456789abcdef"[address & 15];
		address >>= 4;
	} while (address);
	text_put(text, at);
}

static void put_map(void *context, uintptr_t start, uintptr_t end, uintptr_t offset)
{
	const struct map_context *map = context;
	put_map_address(map->text, start);
	text_put(map->text, "-");
	put_map_address(map->text, end);
	text_put(map->text, " r-xp ");
	put_map_address(map->text, offset);
	text_put(map->text, " 00:00 0 ");
	text_put(map->text, map->module->path);
	text_newline(map->text);
}

/* Whether the path can stand as it is, as pprof wants it: a dump holds no control characters. */
static bool is_plain(const char *path)
{
	for (; *path; path++)
		if ((unsigned char)*path < ' ' || *path == 0x7f)
			return false;
	return true;
}

static void put_maps(struct text *text)
{
	put_line(text, DUMP_SECTION_MAP);
	for (size_t i = 0; i < modules_count(); i++) {
		struct map_context map = {text, modules_at(i)};
		if (map.module->is_read && is_plain(map.module->path))
			module_text(map.module, put_map, &map);
	}
	text_newline(text);
}

static void put_end(struct text *text, const struct dump_facts *facts)
{
	uint64_t lines = text->lines + 1;
	text_put(text, DUMP_END);
	text_put(text, "lines=");
	text_put_u64(text, lines);
	put_key(text, "took_ns", sys_clock_ns(CLOCK_MONOTONIC) - facts->began_ns);
	text_newline(text);
}

void dump_write(struct text *text, const struct snapshot *snapshot, const struct dump_facts *facts)
{
	put_header(text, snapshot, facts);
	put_groups(text, snapshot);
	put_threads(text, snapshot);
	put_creators(text);
	put_timers(text, snapshot);
	put_unjoined(text, snapshot);
	put_wakers(text, &snapshot->evidence, facts->tick_ns);
	put_owners(text, &snapshot->evidence);
	put_fds(text, &snapshot->fds);
	if (facts->proving)
		proof_write(text, facts->proving);
	put_losses(text, snapshot);
	modules_collect(snapshot, facts);
	put_modules(text);
	put_maps(text);
	put_end(text, facts);
}
