/*
 * roundtrip.c - whatever the shim's writer can write, the analyzer's reader reads, and finds equal: every
 * kind of wait, every field absent and present, odd names, no threads, thousands, every loss, every timer.
 */
#include "preload/creators.h"
#include "preload/modules.h"
#include "preload/rules.h"
#include "preload/syscalls.h"
#include "preload/threads.h"
#include "preload/writer.h"
#include "analyzer/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define THREADS_MAX 6000
#define GROUPS_MAX  600

static const char *const wait_words[] = {
#define WAIT(enumerator, word, object, words) [WAIT_##enumerator] = word,
#include "preload/contract/waits.def"
#undef WAIT
};

static const enum object_kind wait_objects[] = {
#define WAIT(enumerator, word, object, words) [WAIT_##enumerator] = OBJECT_##object,
#include "preload/contract/waits.def"
#undef WAIT
};

static const char *const loss_words[] = {
#define LOSS(enumerator, word, words) [LOSS_##enumerator] = word,
#include "preload/contract/losses.def"
#undef LOSS
};

static const char *const reason_words[] = {
#define REASON(enumerator, word, words) [REASON_##enumerator] = word,
#include "preload/contract/reasons.def"
#undef REASON
};

static const char *const link_words[] = {
#define LINK(enumerator, word, words) [LINK_##enumerator] = word,
#include "preload/contract/links.def"
#undef LINK
};

static const char *const names[] = {"plain", "", "-", "--", "%", "%20", "a b", " ", "\t\n\r",
	"x y z", "\x01\x7f\xff", "gr\xc3\xbc\xc3\x9f", "@", "0x1", "fifteen letters", "#", "=",
	"a=b c=d"};

#define NAMES (sizeof names / sizeof *names)

/* --- a snapshot by hand ------------------------------------------------------------------------------------ */

static struct {
	struct snapshot snapshot;
	struct proc_self self;
	struct dump_facts facts;
	struct sighting threads[THREADS_MAX];
	struct group groups[GROUPS_MAX];
	uint32_t order[GROUPS_MAX];
	struct leftover leftovers[64];
	struct timer timers[128];
	struct waker_row wakers[64];
	struct owner_row owners[64];
	struct creator *creator; /* one of the table */
} world;

static void world_begin(void)
{
	struct creator *creator = world.creator;
	memset(&world, 0, sizeof world);
	world.creator = creator;
	world.self = (struct proc_self){.pid = 4711,
		.start_ticks = 8812,
		.start_ns = 1795312345000000000,
		.entry = (uintptr_t)world_begin,
		.exe = "/usr/bin/host",
		.name = "host"};
	world.facts = (struct dump_facts){.self = &world.self,
		.sequence = 3,
		.time_ns = 1795312405000000000,
		.uptime_ns = 60000000000,
		.tick_ns = 1000000000,
		.began_ns = 1,
		.reason = "interval"};
	world.snapshot = (struct snapshot){.taken_ns = 1000000000000,
		.threads = world.threads,
		.groups = world.groups,
		.order = world.order,
		.leftovers = world.leftovers,
		.timers = world.timers,
		.evidence = {.wakers = world.wakers, .owners = world.owners}};
}

static uint32_t add_group(const struct group *group)
{
	assert_true(world.snapshot.group_count < GROUPS_MAX);
	world.groups[world.snapshot.group_count] = *group;
	return world.snapshot.group_count++;
}

static struct sighting *add_thread(uint32_t group)
{
	assert_true(world.snapshot.thread_count < THREADS_MAX);
	uint32_t number = world.snapshot.thread_count++;
	struct sighting *thread = &world.threads[number];
	world.groups[group].count++;
	*thread = (struct sighting){.id = number + 1,
		.tid = (int)number + 5000,
		.kind = world.groups[group].kind,
		.since_ns = number * 7,
		.waits = number * 3,
		.stable_ns = number * 5,
		.group = group};
	if (thread->kind != WAIT_RUNNING && thread->kind != WAIT_UNKNOWN)
		world.snapshot.blocked++;
	strcpy(thread->name, names[number % NAMES]);
	return thread;
}

static int by_falling_count(const void *a, const void *b)
{
	uint32_t left = world.groups[*(const uint32_t *)a].count;
	uint32_t right = world.groups[*(const uint32_t *)b].count;
	return (left < right) - (left > right);
}

/* Writes the world and reads it back. */
static struct dump *written_and_read(void)
{
	for (uint32_t i = 0; i < world.snapshot.group_count; i++)
		world.order[i] = i;
	qsort(world.order, world.snapshot.group_count, sizeof *world.order, by_falling_count);
	for (uint32_t i = 0; i < world.snapshot.group_count; i++)
		world.groups[world.order[i]].number = i + 1;
	struct text text = {0};
	struct dump *dump;
	struct complaint complaint;
	modules_begin();
	dump_write(&text, &world.snapshot, &world.facts);
	assert_false(text.failed);
	if (getenv("SHOW_DUMP"))
		fwrite(text.bytes, 1, text.count, stdout);
	if (reader_read("written", text.bytes, text.count, &dump, &complaint) != 0)
		fail_msg("%s", complaint.words);
	text_free(&text);
	return dump;
}

/* --- equal? ------------------------------------------------------------------------------------------------- */

static void assert_known(struct measured got, uint64_t wanted)
{
	assert_true(got.known);
	assert_int_equal(got.value, wanted);
}

static void assert_absent(struct measured got)
{
	assert_false(got.known);
}

static void assert_maybe(struct measured got, bool known, uint64_t wanted)
{
	if (known)
		assert_known(got, wanted);
	else
		assert_absent(got);
}

/* wanted NULL: absent. */
static void assert_text(const char *got, const char *wanted)
{
	if (!wanted) {
		assert_null(got);
		return;
	}
	assert_non_null(got);
	assert_string_equal(got, wanted);
}

static void assert_stack(const struct stack *got, const uintptr_t *frames, unsigned count)
{
	assert_int_equal(got->depth, count);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(got->address[i], frames[i]);
}

static const char *object_of(const struct sighting *thread)
{
	static char object[40];
	enum object_kind kind = wait_objects[thread->kind];
	if (kind == OBJECT_NONE || thread->object == OBJECT_ABSENT ||
		(kind == OBJECT_THREAD && !thread->object))
		return NULL;
	if (kind == OBJECT_MEMORY)
		snprintf(object, sizeof object, "0x%" PRIx64, thread->object);
	else
		snprintf(object, sizeof object, "%s:%" PRIu64,
			kind == OBJECT_FD   ? "fd"
			: kind == OBJECT_ID ? "id"
					    : "thread",
			thread->object);
	return object;
}

static void assert_thread(const struct dump_thread *got, const struct sighting *wanted)
{
	assert_maybe(got->id, wanted->id != 0, wanted->id);
	assert_known(got->tid, (uint64_t)wanted->tid);
	assert_known(got->group, world.groups[wanted->group].number);
	assert_maybe(got->since_ns, wanted->since_ns != NOT_MEASURED, wanted->since_ns);
	assert_maybe(got->waits, wanted->waits != NOT_MEASURED, wanted->waits);
	assert_maybe(got->stable_ns, wanted->stable_ns != NOT_MEASURED, wanted->stable_ns);
	assert_maybe(got->start, wanted->start != 0, wanted->start);
	assert_maybe(got->detached, wanted->detached >= 0, (uint64_t)wanted->detached);
	assert_maybe(got->stack_bytes, wanted->stack_bytes != 0, wanted->stack_bytes);
	assert_maybe(got->sleep_ns, wanted->sleep_ns != 0, wanted->sleep_ns);
	assert_maybe(got->ignored, wanted->ignored >= 0, (uint64_t)wanted->ignored);
	assert_text(got->object, object_of(wanted));
	assert_text(got->name, wanted->name);
	assert_int_equal(got->creator.known, wanted->creator != NULL);
	assert_int_equal(got->created_by != NULL, wanted->creator != NULL);
	if (wanted->creator)
		assert_stack(
			&got->created_by->stack, wanted->creator->frames, wanted->creator->count);
}

static void assert_group(const struct dump_group *got, const struct group *wanted)
{
	unsigned count;
	const uintptr_t *frames = stack_frames(wanted->stack, &count);
	assert_known(got->number, wanted->number);
	assert_known(got->count, wanted->count);
	assert_text(got->wait, wait_words[wanted->kind]);
	assert_maybe(got->timed, wanted->timed >= 0, (uint64_t)wanted->timed);
	assert_text(got->source, wanted->from_proc ? "proc" : "slot");
	assert_maybe(got->guessed, wanted->guessed >= 0, (uint64_t)wanted->guessed);
	assert_known(got->partial, wanted->partial);
	assert_stack(&got->stack, frames, count);
}

static void assert_world(const struct dump *dump)
{
	assert_int_equal(dump->thread_count, world.snapshot.thread_count);
	assert_int_equal(dump->group_count, world.snapshot.group_count);
	for (size_t i = 0; i < dump->thread_count; i++)
		assert_thread(&dump->threads[i], &world.threads[i]);
	for (size_t i = 0; i < dump->group_count; i++)
		assert_group(&dump->groups[i], &world.groups[world.order[i]]);
	assert_known(dump->threads_total, world.snapshot.thread_count);
	assert_known(dump->blocked, world.snapshot.blocked);
	assert_known(dump->running, world.snapshot.thread_count - world.snapshot.blocked);
}

/* --- tests --------------------------------------------------------------------------------------------------- */

static void the_header(void **state)
{
	(void)state;
	world_begin();
	slots_started = 7;
	slots_exited.count = 5;
	struct dump *dump = written_and_read();
	assert_known(dump->pid, 4711);
	assert_known(dump->start_ticks, 8812);
	assert_known(dump->start_ns, 1795312345000000000);
	assert_text(dump->exe, "/usr/bin/host");
	assert_text(dump->comm, "host");
	assert_text(dump->arch, "x86_64");
	assert_non_null(dump->glibc);
	assert_known(dump->sequence, 3);
	assert_known(dump->time_ns, 1795312405000000000);
	assert_known(dump->uptime_ns, 60000000000);
	assert_known(dump->tick_ns, 1000000000);
	assert_text(dump->reason, "interval");
	assert_text(dump->shim, LEAKWATCH_VERSION);
	assert_known(dump->started, 7);
	assert_known(dump->exited, 5);
	assert_true(dump->took_ns.known && dump->took_ns.value > 0);
	dump_free(dump);
}

static void names_of_the_process(void **state)
{
	(void)state;
	for (size_t i = 0; i < NAMES; i++) {
		world_begin();
		strcpy(world.self.name, names[i]);
		strcpy(world.self.exe, names[i]);
		struct dump *dump = written_and_read();
		assert_text(dump->comm, names[i]);
		assert_text(dump->exe, *names[i] ? names[i] : NULL); /* "": not readable */
		dump_free(dump);
	}
}

static void no_threads(void **state)
{
	(void)state;
	world_begin();
	struct dump *dump = written_and_read();
	assert_world(dump);
	assert_true(dump->has_threads && dump->has_timers && dump->has_unjoined);
	assert_true(dump->has_losses);
	assert_int_equal(dump->loss_count, 0);
	assert_int_equal(dump->timer_count, 0);
	assert_int_equal(dump->unjoined_count, 0);
	dump_free(dump);
}

/* Every kind of wait: with and without a stack, a limit, a source, a guess, an object. */
static void every_kind_of_wait(void **state)
{
	(void)state;
	static const uint64_t objects[] = {
		1, 0x7f1a42000b40, UINT64_MAX - 1, 4294967295, OBJECT_ABSENT};
	world_begin();
	for (int kind = 0; kind < WAIT_KINDS; kind++)
		for (unsigned variant = 0; variant < 12; variant++) {
			uintptr_t frames[] = {
				(uintptr_t)kind * 4096 + 1, variant + 1, (uintptr_t)strlen};
			uint32_t group = add_group(&(struct group){.kind = (enum wait_kind)kind,
				.stack = stack_intern(frames, variant % 4),
				.timed = (int)variant % 3 - 1,
				.from_proc = variant % 2,
				.partial = variant % 4 == 1,
				.guessed = variant % 4 == 2 ? (int)variant / 4 : -1});
			for (unsigned i = 0; i <= variant; i++)
				add_thread(group)->object = objects[i % 5];
		}
	struct dump *dump = written_and_read();
	assert_world(dump);
	dump_free(dump);
}

static void every_field_absent_and_present(void **state)
{
	(void)state;
	world_begin();
	uint32_t group = add_group(&(struct group){.kind = WAIT_JOIN, .guessed = -1});
	for (unsigned bits = 0; bits < 128; bits++) {
		struct sighting *thread = add_thread(group);
		thread->id = bits & 1 ? thread->id : 0;
		thread->since_ns = bits & 2 ? UINT64_MAX - 1 : NOT_MEASURED;
		thread->waits = bits & 4 ? bits : NOT_MEASURED;
		thread->creator = bits & 8 ? world.creator : NULL;
		thread->start = bits & 16 ? (uintptr_t)strcpy : 0;
		thread->detached = bits & 32 ? (int)bits % 2 : -1;
		thread->stable_ns = bits & 64 ? bits : NOT_MEASURED;
		thread->object = bits % 3;
	}
	struct dump *dump = written_and_read();
	assert_world(dump);
	dump_free(dump);
}

/* What most rows share is written once and repeated: not where one thing differs. */
static void neighbours_that_differ_in_one_thing(void **state)
{
	(void)state;
	world_begin();
	uint32_t group = add_group(&(struct group){.kind = WAIT_SLEEP, .guessed = -1});
	for (unsigned row = 0; row < 16; row++) {
		struct sighting *thread = add_thread(group);
		unsigned thing = row % 2 ? row / 2 : 0; /* a plain one between any two */
		strcpy(thread->name, thing == 1 ? "another" : "one");
		thread->creator = thing == 2 ? world.creator : NULL;
		thread->start = thing == 3 ? (uintptr_t)strcpy : 0;
		thread->detached = thing == 4;
		thread->stack_bytes = thing == 5 ? 65536 : 0;
		thread->sleep_ns = thing == 6 ? 1000 : 0;
		thread->ignored = thing == 7;
	}
	struct dump *dump = written_and_read();
	assert_world(dump);
	dump_free(dump);
}

static void the_deepest_stack(void **state)
{
	(void)state;
	uintptr_t frames[DUMP_FRAMES_MAX];
	for (unsigned i = 0; i < DUMP_FRAMES_MAX; i++)
		frames[i] = UINTPTR_MAX - i;
	world_begin();
	add_thread(add_group(&(struct group){
		.kind = WAIT_COND, .guessed = -1, .stack = stack_intern(frames, DUMP_FRAMES_MAX)}));
	struct dump *dump = written_and_read();
	assert_world(dump);
	dump_free(dump);
}

static void thousands_of_threads(void **state)
{
	(void)state;
	uintptr_t frames[] = {(uintptr_t)strlen + 1, (uintptr_t)thousands_of_threads + 1};
	world_begin();
	uint32_t blocked = add_group(&(struct group){
		.kind = WAIT_COND, .guessed = -1, .stack = stack_intern(frames, 2)});
	uint32_t running = add_group(&(struct group){
		.kind = WAIT_RUNNING, .guessed = -1, .timed = -1, .from_proc = true});
	for (unsigned i = 0; i < 5000; i++)
		add_thread(i % 100 ? blocked : running)->object = i * 64;
	struct dump *dump = written_and_read();
	assert_world(dump);
	assert_known(dump->groups[0].count, 4950);
	dump_free(dump);
}

static void creators_with_their_counts(void **state)
{
	(void)state;
	world_begin();
	world.creator->made = 41;
	world.creator->gone = 17;
	struct dump *dump = written_and_read();
	assert_int_equal(dump->creator_count, 1);
	const struct dump_creator *got = &dump->creators[0];
	assert_text(got->kind, "thread");
	assert_known(got->made, 41);
	assert_known(got->gone, 17);
	assert_true(world.creator->count > 0);
	assert_stack(&got->stack, world.creator->frames, world.creator->count);
	dump_free(dump);
}

/* --- timers --------------------------------------------------------------------------------------------------- */

static const struct {
	int clock;
	const char *name;
} clocks[] = {
	{CLOCK_REALTIME, "CLOCK_REALTIME"},
	{CLOCK_MONOTONIC, "CLOCK_MONOTONIC"},
	{CLOCK_BOOTTIME, "CLOCK_BOOTTIME"},
	{CLOCK_TAI, "CLOCK_TAI"},
	{CLOCK_REALTIME_ALARM, "CLOCK_REALTIME_ALARM"},
	{CLOCK_BOOTTIME_ALARM, "CLOCK_BOOTTIME_ALARM"},
	{CLOCK_PROCESS_CPUTIME_ID, "CLOCK_PROCESS_CPUTIME_ID"},
	{CLOCK_THREAD_CPUTIME_ID, "CLOCK_THREAD_CPUTIME_ID"},
	{-1, NULL},
	{-6, NULL},
};

static const struct {
	int notify;
	const char *name;
} notifies[] = {
	{SIGEV_SIGNAL, "signal"},
	{SIGEV_THREAD, "thread"},
	{SIGEV_THREAD_ID, "thread_id"},
	{SIGEV_NONE, "none"},
	{TIMER_NOTIFY_FD, "fd"},
};

static const char *const timer_kinds[] = {"timer_create", "timerfd", "setitimer"};

static const char *timer_object(const struct timer *timer)
{
	static char object[40];
	static const char *const itimers[] = {"itimer:real", "itimer:virtual", "itimer:prof"};
	if (timer->kind == TIMER_INTERVAL)
		return itimers[timer->handle];
	if (timer->kind == TIMER_FD)
		snprintf(object, sizeof object, "fd:%" PRIu64, timer->handle);
	else
		snprintf(object, sizeof object, "timer:%d", timer->kernel_id);
	return object;
}

static void every_kind_of_timer(void **state)
{
	(void)state;
	world_begin();
	for (unsigned i = 0; i < 120; i++) {
		uint64_t taken_ns = world.snapshot.taken_ns;
		world.timers[world.snapshot.timer_count++] = (struct timer){.id = i + 1,
			.kind = (enum timer_kind)(i % 3),
			.handle = i / 3 % 3,
			.kernel_id = (int)i,
			.clock = clocks[i % 10].clock,
			.notify = notifies[i % 5].notify,
			.made_ns = i % 7 ? taken_ns - i : taken_ns + 5, /* made since */
			.creator = i % 2 ? world.creator : NULL,
			.period_ns = i * 1000,
			.overruns = (int64_t)i - 20};
	}
	struct dump *dump = written_and_read();
	assert_known(dump->timers_total, 120);
	assert_int_equal(dump->timer_count, 120);
	for (unsigned i = 0; i < 120; i++) {
		const struct dump_timer *got = &dump->timers[i];
		const struct timer *wanted = &world.timers[i];
		assert_known(got->id, i + 1);
		assert_text(got->kind, timer_kinds[wanted->kind]);
		assert_text(got->object, timer_object(wanted));
		assert_int_equal(got->created_by != NULL, wanted->creator != NULL);
		assert_maybe(got->since_ns, i % 7 != 0, i);
		assert_known(got->period_ns, i * 1000);
		assert_maybe(got->overruns, i >= 20, i - 20);
		assert_text(got->clock, clocks[i % 10].name);
		assert_text(got->notify, notifies[i % 5].name);
	}
	dump_free(dump);
}

/* --- the rest --------------------------------------------------------------------------------------------------- */

static void unjoined_threads(void **state)
{
	(void)state;
	world_begin();
	for (unsigned i = 0; i < 36; i++) {
		struct leftover *leftover = &world.leftovers[world.snapshot.leftover_count++];
		*leftover = (struct leftover){.id = i + 1,
			.tid = (int)i + 100,
			.creator = i % 2 ? world.creator : NULL,
			.start = i % 3 ? (uintptr_t)strcpy : 0,
			.since_ns = i * 1000,
			.stack_bytes = i % 5 ? 8388608 : 0};
		strcpy(leftover->name, names[i % NAMES]);
	}
	struct dump *dump = written_and_read();
	assert_known(dump->unjoined_total, 36);
	assert_int_equal(dump->unjoined_count, 36);
	for (unsigned i = 0; i < 36; i++) {
		const struct dump_unjoined *got = &dump->unjoined[i];
		assert_known(got->id, i + 1);
		assert_known(got->tid, i + 100);
		assert_int_equal(got->created_by != NULL, i % 2);
		assert_maybe(got->start, i % 3 != 0, (uintptr_t)strcpy);
		assert_known(got->since_ns, i * 1000);
		assert_maybe(got->stack_bytes, i % 5 != 0, 8388608);
		assert_text(got->name, names[i % NAMES]);
	}
	dump_free(dump);
}

static void every_loss(void **state)
{
	(void)state;
	world_begin();
	for (int loss = 0; loss < LOSSES; loss++)
		world.snapshot.losses[loss] = (uint64_t)loss * 1000 + 1;
	struct dump *dump = written_and_read();
	assert_int_equal(dump->loss_count, LOSSES);
	for (int loss = 0; loss < LOSSES; loss++) {
		assert_text(dump->losses[loss].cause, loss_words[loss]);
		assert_known(dump->losses[loss].count, (uint64_t)loss * 1000 + 1);
	}
	dump_free(dump);
}

static const struct dump_waker *waker_of(const struct dump *dump, uintptr_t object)
{
	char text[24];
	snprintf(text, sizeof text, "0x%" PRIxPTR, object);
	for (size_t i = 0; i < dump->waker_count; i++)
		if (strcmp(dump->wakers[i].object, text) == 0)
			return &dump->wakers[i];
	fail_msg("no row for %s", text);
	return NULL;
}

static void wakers_of_objects(void **state)
{
	(void)state;
	world_begin();
	for (unsigned i = 0; i < 36; i++)
		world.wakers[world.snapshot.evidence.waker_count++] =
			(struct waker_row){.object = 0x1000 + i * 64,
				.known = (enum waking_known)(i % 3),
				.waking = {.thread = i % 4,
					.place = (uintptr_t)strlen + i,
					.count = i % 3 == WAKING_NOTED ? i : 0,
					.ticks_ago = i * 2,
					.several = i % 2},
				.alive = i % 3 == WAKING_NOTED ? (int)i % 2 : -1};
	struct dump *dump = written_and_read();
	assert_true(dump->has_wakers);
	assert_int_equal(dump->waker_count, 36);
	for (unsigned i = 0; i < 36; i++) {
		const struct waker_row *wanted = &world.wakers[i];
		const struct dump_waker *got = waker_of(dump, wanted->object);
		bool noted = wanted->known == WAKING_NOTED;
		assert_maybe(got->thread, noted && i % 4, i % 4);
		assert_maybe(got->place, noted, (uintptr_t)strlen + i);
		assert_maybe(got->count, wanted->known != WAKING_LOST, noted ? i : 0);
		assert_maybe(got->since_ns, noted, i * 2 * world.facts.tick_ns);
		assert_maybe(got->alive, wanted->alive >= 0, i % 2);
		assert_maybe(got->sole, noted, !(i % 2));
	}
	dump_free(dump);
}

static void owners_of_locks(void **state)
{
	(void)state;
	world_begin();
	for (unsigned i = 0; i < 12; i++)
		world.owners[world.snapshot.evidence.owner_count++] =
			(struct owner_row){.object = 0x1000 + i * 64,
				.kind = i % 2 ? LOCK_RWLOCK : LOCK_MUTEX,
				.tid = i % 4 ? (int)i : 0,
				.thread = i % 3,
				.alive = (int)i % 3 - 1,
				.readers = i};
	struct dump *dump = written_and_read();
	assert_true(dump->has_owners);
	assert_int_equal(dump->owner_count, 12);
	for (unsigned i = 0; i < 12; i++) {
		char object[24];
		const struct dump_owner *got = &dump->owners[i];
		snprintf(object, sizeof object, "0x%x", 0x1000 + i * 64);
		assert_text(got->object, object);
		assert_text(got->kind, i % 2 ? "rwlock" : "mutex");
		assert_known(got->owner_tid, i % 4 ? i : 0);
		assert_maybe(got->owner, i % 3 != 0, i % 3);
		assert_maybe(got->alive, i % 3 != 0, i % 3 - 1);
		assert_known(got->readers, i);
	}
	dump_free(dump);
}

/* --- modules ----------------------------------------------------------------------------------------------------- */

static void assert_modules(const struct dump *dump)
{
	assert_int_equal(dump->module_count, modules_count());
	for (size_t i = 0; i < modules_count(); i++) {
		const struct module *wanted = modules_at(i);
		const struct dump_module *got = &dump->modules[i];
		char build_id[2 * BUILD_ID_MAX + 1] = "";
		for (unsigned at = 0; at < wanted->build_id_bytes; at++)
			sprintf(build_id + 2 * at, "%02x", wanted->build_id[at]);
		assert_known(got->start, wanted->start);
		assert_known(got->end, wanted->end);
		assert_known(got->bias, wanted->bias);
		assert_text(got->build_id, *build_id ? build_id : NULL);
		assert_text(got->path, wanted->path);
	}
}

static void modules_of_the_stacks(void **state)
{
	(void)state;
	uintptr_t frames[] = {(uintptr_t)strlen + 1, (uintptr_t)assert_modules + 1, 0x10};
	world_begin();
	add_thread(add_group(&(struct group){
		.kind = WAIT_SEM, .guessed = -1, .stack = stack_intern(frames, 3)}));
	struct dump *dump = written_and_read();
	assert_true(dump->module_count >= 2);
	assert_modules(dump);
	assert_non_null(dump->map);
	dump_free(dump);
}

/* Loads a copy of a library under a name of our choice, and gives an address in its code. */
static uintptr_t load_copy(const char *path)
{
	Dl_info info;
	struct stat status;
	assert_true(dladdr((void *)_cmocka_run_group_tests, &info));
	int from = open(info.dli_fname, O_RDONLY | O_CLOEXEC);
	int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	assert_true(from >= 0 && to >= 0 && fstat(from, &status) == 0);
	assert_int_equal(sendfile(to, from, NULL, (size_t)status.st_size), status.st_size);
	close(from);
	close(to);
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	assert_non_null(library);
	return (uintptr_t)dlsym(library, "_cmocka_run_group_tests");
}

static void a_module_with_an_odd_path(void **state)
{
	(void)state;
	static const char *const odd[] = {
		"a b", "new\nline", "ctrl\x01\x7f", "\xff\xc3\xbc", "100%", "tab\tcr\r", "-"};
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		char directory[] = "/tmp/leakwatch-unit.XXXXXX", path[128];
		assert_non_null(mkdtemp(directory));
		snprintf(path, sizeof path, "%s/%s", directory, odd[i]);
		uintptr_t frames[] = {load_copy(path) + 1};
		world_begin();
		add_thread(add_group(&(struct group){
			.kind = WAIT_SEM, .guessed = -1, .stack = stack_intern(frames, 1)}));
		struct dump *dump = written_and_read();
		assert_modules(dump);
		bool found = false;
		for (size_t at = 0; at < dump->module_count; at++)
			found = found || strcmp(dump->modules[at].path, path) == 0;
		assert_true(found);
		dump_free(dump);
		unlink(path);
		rmdir(directory);
	}
}

/* --- proofs --------------------------------------------------------------------------------------------------------- */

static struct proven proofs[REASONS + LINK_KINDS + 2];

static struct proving proving_of(uint32_t count)
{
	uint32_t group = add_group(&(struct group){.kind = WAIT_SEM, .guessed = -1});
	for (uint32_t i = 0; i < count; i++)
		proofs[i].id = add_thread(group)->id;
	return (struct proving){.rows = proofs,
		.count = count,
		.pictures = 2,
		.took_ns = 3,
		.stall_ns = 4,
		.scanned_bytes = 5};
}

static void every_reason(void **state)
{
	(void)state;
	world_begin();
	for (uint32_t i = 0; i < REASONS; i++)
		proofs[i] = (struct proven){.reasons = 1u << i,
			.verdict = i < REASON_UNMEASURED ? PROOF_UNREACHABLE : PROOF_UNMEASURED};
	proofs[REASONS] = (struct proven){.verdict = PROOF_UNREACHABLE, .reasons = 3};
	proofs[REASONS + 1] = (struct proven){.verdict = PROOF_UNREACHABLE};
	struct proving proving = proving_of(REASONS + 2);
	world.facts.proving = &proving;
	struct dump *dump = written_and_read();
	assert_true(dump->has_proof);
	assert_int_equal(dump->proof_count, REASONS + 2);
	for (size_t i = 0; i < REASONS; i++) {
		assert_string_equal(dump->proofs[i].reasons, reason_words[i]);
		assert_ptr_equal(dump->threads[i].proof, &dump->proofs[i]);
	}
	char two[64];
	snprintf(two, sizeof two, "%s,%s", reason_words[0], reason_words[1]);
	assert_string_equal(dump->proofs[REASONS].reasons, two);
	assert_string_equal(dump->proofs[REASONS + 1].verdict, DUMP_UNREACHABLE);
	assert_null(dump->proofs[REASONS + 1].reasons);
	assert_known(dump->proof_pictures, 2);
	assert_known(dump->proof_took_ns, 3);
	assert_known(dump->proof_stall_ns, 4);
	assert_known(dump->proof_scanned_bytes, 5);
	dump_free(dump);
}

/* What the dump says of a link is what was written, or nothing. */
static void assert_part(struct measured got, uint64_t wanted)
{
	assert_true(!got.known || got.value == wanted);
}

static void every_link(void **state)
{
	(void)state;
	world_begin();
	for (uint32_t i = 0; i < LINK_KINDS; i++) {
		proofs[i] = (struct proven){.verdict = PROOF_REACHED, .link_count = DUMP_LINKS_MAX};
		for (uint32_t at = 0; at < DUMP_LINKS_MAX; at++)
			proofs[i].links[at] = (struct link_shown){i, at, 0x5000 + at, 9 * at};
	}
	struct proving proving = proving_of(LINK_KINDS);
	world.facts.proving = &proving;
	struct dump *dump = written_and_read();
	for (size_t i = 0; i < LINK_KINDS; i++) {
		const struct chain *chain = &dump->proofs[i].chain;
		assert_int_equal(chain->count, DUMP_LINKS_MAX);
		for (size_t at = 0; at < chain->count; at++) {
			const struct dump_link *link = &chain->links[at];
			assert_string_equal(link->word, link_words[i]);
			assert_part(link->thread, at);
			assert_part(link->fd, at);
			assert_part(link->address, 0x5000 + at);
			assert_part(link->offset, 9 * at);
			assert_part(link->code, 9 * at);
		}
	}
	const struct dump_link *stack = &dump->proofs[LINK_STACK].chain.links[1];
	assert_true(stack->thread.known && stack->code.known && stack->address.known);
	assert_false(dump->proofs[LINK_STACK].chain.links[0].thread.known);
	assert_true(dump->proofs[LINK_HEAP].chain.links[1].offset.known);
	assert_true(dump->proofs[LINK_EPOLL].chain.links[1].fd.known);
	dump_free(dump);
}

static void no_proof(void **state)
{
	(void)state;
	world_begin();
	struct dump *dump = written_and_read();
	assert_false(dump->has_proof);
	assert_false(dump->proof_pictures.known);
	dump_free(dump);
}

/* --- run ---------------------------------------------------------------------------------------------------------- */

/* A creator's frames are those outside of this program: of the function that calls back. */
static int create_from_libc(const void *a, const void *b)
{
	if (!world.creator)
		world.creator = creator_here(CREATES_THREAD);
	return a < b;
}

static int prepare(void **state)
{
	(void)state;
	int pair[2] = {0, 0};
	modules_init();
	rules_init();
	threads_init(); /* without the bounds of its stack, a walk ends with the page */
	qsort(pair, 2, sizeof *pair, create_from_libc);
	return world.creator ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_header),
		cmocka_unit_test(names_of_the_process),
		cmocka_unit_test(no_threads),
		cmocka_unit_test(every_kind_of_wait),
		cmocka_unit_test(every_field_absent_and_present),
		cmocka_unit_test(neighbours_that_differ_in_one_thing),
		cmocka_unit_test(the_deepest_stack),
		cmocka_unit_test(thousands_of_threads),
		cmocka_unit_test(creators_with_their_counts),
		cmocka_unit_test(every_kind_of_timer),
		cmocka_unit_test(unjoined_threads),
		cmocka_unit_test(every_loss),
		cmocka_unit_test(wakers_of_objects),
		cmocka_unit_test(owners_of_locks),
		cmocka_unit_test(modules_of_the_stacks),
		cmocka_unit_test(a_module_with_an_odd_path),
		cmocka_unit_test(every_reason),
		cmocka_unit_test(every_link),
		cmocka_unit_test(no_proof),
	};
	return cmocka_run_group_tests(tests, prepare, NULL);
}
