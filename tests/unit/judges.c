/*
 * judges.c - each verdict on small dumps made by hand: what it takes, and what near misses do not get.
 */
#include "analyzer/judge.h"
#include "analyzer/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECOND 1000000000ul

static struct settings {
	bool all, exit_counts;
} settings;

/* --- dumps ---------------------------------------------------------------------------------------------- */

/* The text of one dump, section by section. */
struct sketch {
	char groups[4096], threads[65536], creators[1024], unjoined[8192], timers[8192];
	char wakers[8192], owners[1024], fds[8192], proofs[8192];
	const char *reason;
	unsigned sequence, group_count, total;
};

static __attribute__((format(printf, 2, 3))) void add(char *section, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsprintf(section + strlen(section), format, arguments);
	va_end(arguments);
}

/* A group with count threads; its stack is its own. */
static unsigned group(struct sketch *sketch, unsigned count, const char *wait, int timed)
{
	unsigned number = ++sketch->group_count;
	add(sketch->groups,
		"%u @ 0x%x\n# group=%u count=%u wait=%s timed=%d source=slot guessed=- partial=0\n",
		count, 0x1000 * number, number, count, wait, timed);
	sketch->total += count;
	return number;
}

static unsigned long sleep_ns; /* how long all threads sleep */

/* One of its threads. */
static void thread(struct sketch *sketch, unsigned number, unsigned id, unsigned long seconds,
	const char *object, unsigned waits)
{
	add(sketch->threads, "%u %u %u %lu %s %u 1 %lu\n", id, 1000 + id, number, seconds * SECOND,
		object, waits, sleep_ns);
}

static struct dump *sketch_read(const struct sketch *sketch)
{
	static char text[200000];
	struct dump *dump;
	struct complaint complaint;
	sprintf(text,
		"# leakwatch dump 1\n# process pid=1 start_ticks=2\n"
		"# dump sequence=%u time_ns=%lu tick_ns=1000000000 reason=%s\n"
		"thread profile: total %u\n%s"
		"--- leakwatch threads ---\ncolumns id tid group since_ns object waits "
		"creator sleep_ns\n%s\n"
		"--- leakwatch creators ---\ncolumns id kind made gone stack\n%s\n"
		"--- leakwatch unjoined ---\ncolumns id creator since_ns\n%s\n"
		"--- leakwatch timers ---\ncolumns id kind creator since_ns\n%s\n"
		"--- leakwatch wakers ---\ncolumns object thread count since_ns alive sole\n%s\n"
		"--- leakwatch owners ---\ncolumns object kind owner_tid owner alive readers\n%s\n"
		"--- leakwatch descriptors ---\ncolumns object kind state local remote inode "
		"unread\n%s\n"
		"--- leakwatch proof ---\ncolumns thread verdict reasons chain\n%s\n",
		sketch->sequence, (100 + 60ul * sketch->sequence) * SECOND,
		sketch->reason ? sketch->reason : "interval", sketch->total, sketch->groups,
		sketch->threads, *sketch->creators ? sketch->creators : "1 thread 100 0 @ 0x9000\n",
		sketch->unjoined, sketch->timers, sketch->wakers, sketch->owners, sketch->fds,
		sketch->proofs);
	unsigned lines = 1;
	for (const char *at = text; *at; at++)
		lines += *at == '\n';
	sprintf(text + strlen(text), "# leakwatch end lines=%u\n", lines);
	if (reader_read("sketch", text, strlen(text), &dump, &complaint))
		fail_msg("%s", complaint.words);
	return dump;
}

/* --- symbols: every function is called by its address -------------------------------------------------- */

static struct symbol_list addresses_look_up(
	struct symbol_source *source, struct pool *pool, const struct place *place)
{
	(void)source;
	struct symbol *symbol = pool_alloc(pool, sizeof(*symbol));
	symbol->function = pool_print(pool, "f%lx", (unsigned long)place->address);
	return (struct symbol_list){.symbol = symbol, .count = 1};
}

static void addresses_close(struct symbol_source *source)
{
	(void)source;
}

static struct symbol_source addresses = {addresses_look_up, addresses_close};

/* --- verdicts ------------------------------------------------------------------------------------------- */

/* Judges the dumps, oldest first; the verdicts are told as "word certainty count+behind; ...". */
static void assert_verdicts(const struct sketch *sketches, size_t count, const char *wanted)
{
	static struct dump *list[32];
	char told[1024] = "";
	struct dumps dumps = {.list = list, .count = count};
	struct report report = {.thresholds = thresholds_default,
		.all = settings.all,
		.exit_counts = settings.exit_counts};
	struct symbols *symbols = symbols_new(&addresses);
	for (size_t i = 0; i < count; i++)
		list[i] = sketch_read(&sketches[i]);
	report_fill(&report, &dumps, symbols);
	judge_report(&report);
	for (size_t i = 0; i < report.findings.count; i++) {
		const struct finding *finding = report.findings.list[i];
		add(told, "%s%s %s %lu", i ? "; " : "", finding->word, finding->certainty,
			(unsigned long)finding->count);
		if (finding->behind.count)
			add(told, "+%zu", finding->behind.count);
		assert_true(finding->evidence.count > 0);
	}
	assert_string_equal(told, wanted);
	report_clear(&report);
	symbols_free(symbols);
	for (size_t i = 0; i < count; i++)
		dump_free(list[i]);
}

static struct sketch *sketches_new(size_t count)
{
	struct sketch *sketches = calloc(count, sizeof(*sketches));
	for (size_t i = 0; i < count; i++)
		sketches[i].sequence = (unsigned)i + 1;
	settings = (struct settings){false, false};
	return sketches;
}

static void sketches_judge(struct sketch *sketches, size_t count, const char *wanted)
{
	assert_verdicts(sketches, count, wanted);
	free(sketches);
}

/* --- deadlock ------------------------------------------------------------------------------------------- */

/* 2 holds A and wants B, 3 holds B and wants A, 4 wants A too. */
static struct sketch *circle(int timed)
{
	struct sketch *sketch = sketches_new(1);
	unsigned one = group(sketch, 1, "mutex_lock", 0);
	unsigned two = group(sketch, 2, "mutex_lock", timed);
	thread(sketch, one, 2, 5, "0xb", 1);
	thread(sketch, two, 3, 5, "0xa", 1);
	thread(sketch, two, 4, 5, "0xa", 1);
	add(sketch->owners, "0xa mutex 1002 2 1 0\n0xb mutex 1003 3 1 0\n");
	return sketch;
}

static void test_deadlock(void **state)
{
	(void)state;
	sketches_judge(circle(0), 1, "deadlock proven 2+1");
}

static void test_a_time_limit_ends_it(void **state)
{
	(void)state;
	sketches_judge(circle(1), 1, "");
}

static void test_no_owner_row_no_word(void **state)
{
	(void)state;
	struct sketch *sketch = circle(0);
	strcpy(sketch->owners, "0xa mutex 1002 2 1 0\n");
	sketches_judge(sketch, 1, "");
}

static void test_an_owner_that_is_not_in_the_dump(void **state)
{
	(void)state;
	struct sketch *sketch = circle(0);
	strcpy(sketch->owners, "0xa mutex 1002 2 1 0\n0xb mutex 1009 9 1 0\n");
	sketches_judge(sketch, 1, "");
}

static void test_self_lock(void **state)
{
	(void)state;
	struct sketch *sketch = sketches_new(1);
	thread(sketch, group(sketch, 1, "rwlock_wrlock", 0), 2, 5, "0xa", 1);
	add(sketch->owners, "0xa rwlock 1002 2 1 0\n");
	sketches_judge(sketch, 1, "deadlock proven 1");
}

/* The main thread joins 2, which wants what 3 holds, which joins 2. */
static void test_joins(void **state)
{
	(void)state;
	struct sketch *sketch = sketches_new(1);
	unsigned joins = group(sketch, 2, "join", 0), locks = group(sketch, 1, "mutex_lock", 0);
	thread(sketch, joins, 1, 5, "thread:2", 1);
	thread(sketch, joins, 3, 5, "thread:2", 1);
	thread(sketch, locks, 2, 5, "0xa", 1);
	add(sketch->owners, "0xa mutex 1003 3 1 0\n");
	sketches_judge(sketch, 1, "deadlock proven 2+1");
}

static void test_joining_a_worker_is_none(void **state)
{
	(void)state;
	struct sketch *sketch = sketches_new(1);
	thread(sketch, group(sketch, 1, "join", 0), 1, 5000, "thread:2", 1);
	thread(sketch, group(sketch, 1, "epoll_wait", 0), 2, 5000, "fd:3", 1);
	sketches_judge(sketch, 1, "");
}

/* --- dead owner ------------------------------------------------------------------------------------------ */

static struct sketch *owned_by(const char *owner)
{
	struct sketch *sketch = sketches_new(1);
	unsigned number = group(sketch, 2, "mutex_lock", 0);
	thread(sketch, number, 2, 5, "0xa", 1);
	thread(sketch, number, 3, 5, "0xa", 1);
	add(sketch->owners, "0xa mutex %s\n", owner);
	return sketch;
}

static void test_dead_owner(void **state)
{
	(void)state;
	sketches_judge(owned_by("4711 - 0 0"), 1, "dead owner proven 2");
}

static void test_not_dead(void **state)
{
	(void)state;
	sketches_judge(owned_by("4711 - 1 0"), 1, "");
	sketches_judge(owned_by("4711 - - 0"), 1, "");
	sketches_judge(owned_by("0 - - 0"), 1, "");
}

/* --- semaphores as locks ----------------------------------------------------------------------------------- */

/* 2 holds A and wants B, 3 holds B and wants A, 4 wants A too; each has waited for so many seconds. */
static struct sketch *semaphores(unsigned long seconds, const char *owners)
{
	struct sketch *sketch = sketches_new(1);
	unsigned number = group(sketch, 3, "sem_wait", 0);
	thread(sketch, number, 2, seconds, "0xb", 1);
	thread(sketch, number, 3, seconds, "0xa", 1);
	thread(sketch, number, 4, seconds, "0xa", 1);
	add(sketch->owners, "%s", owners);
	return sketch;
}

static void test_semaphore_deadlock(void **state)
{
	(void)state;
	const char *owners = "0xa semaphore 1002 2 1 -\n0xb semaphore 1003 3 1 -\n";
	sketches_judge(semaphores(100, owners), 1, "deadlock likely 2+1");
	sketches_judge(semaphores(50, owners), 1, "");
	sketches_judge(semaphores(100, "0xa semaphore 1002 2 1 -\n"), 1, "");
	/* A producer with a buffer for one. */
	sketches_judge(semaphores(100, "0xa semaphore 1003 3 1 -\n"), 1, "");
}

static void test_semaphore_dead_owner(void **state)
{
	(void)state;
	for (int posts = 0; posts < 2; posts++) {
		struct sketch *sketch = semaphores(100, "0xa semaphore - 9 0 -\n");
		add(sketch->wakers, "0xa 9 %d 200000000000 0 1\n", posts);
		sketches_judge(sketch, 1, posts ? "dead owner likely 2" : "");
	}
}

/* --- stalled --------------------------------------------------------------------------------------------- */

/* Over dumps, 2 waits so and holds the lock that 3 wants; its wait has the number waits + i * step. */
static struct sketch *holder(size_t count, unsigned step, int timed, const char *wait)
{
	struct sketch *sketches = sketches_new(count);
	for (size_t i = 0; i < count; i++) {
		thread(&sketches[i], group(&sketches[i], 1, wait, timed), 2,
			step ? 20 : 20 + 60 * i, "fd:3", 7 + step * (unsigned)i);
		thread(&sketches[i], group(&sketches[i], 1, "mutex_lock", 0), 3, 10 + 60 * i, "0xa",
			9);
		add(sketches[i].owners, "0xa mutex 1002 2 1 0\n");
	}
	return sketches;
}

static void test_stalled(void **state)
{
	(void)state;
	sketches_judge(holder(3, 0, 0, "send"), 3, "stalled likely 1+1");
}

static void test_stalled_in_one_dump(void **state)
{
	(void)state;
	struct sketch *sketches = holder(4, 0, 0, "send");
	assert_verdicts(sketches + 3, 1, "stalled likely 1+1");
	assert_verdicts(sketches, 1, "");
	free(sketches);
}

static void test_not_stalled(void **state)
{
	(void)state;
	sketches_judge(holder(2, 0, 0, "send"), 2, "");
	sketches_judge(holder(3, 1, 0, "send"), 3, "");
	sketches_judge(holder(3, 0, 1, "send"), 3, "");
	/* A leader waits for work, and its followers for their turn. */
	sketches_judge(holder(3, 0, 0, "read"), 3, "");
	sketches_judge(holder(3, 0, 0, "epoll_wait"), 3, "");
}

/* 4 threads accept at first, and then read from clients that say nothing, while so many connections wait; thread 9 makes
 * step waits between two dumps. */
static struct sketch *accepting(unsigned unread, unsigned step, bool seen)
{
	struct sketch *sketches = sketches_new(5);
	for (unsigned i = 0; i < 5; i++) {
		bool accepts = i < 2 && seen;
		unsigned number = group(&sketches[i], 4, accepts ? "accept" : "recv", 0);
		for (unsigned j = 0; j < 4; j++) {
			char object[16];
			sprintf(object, accepts ? "fd:3" : "fd:%u", 10 + j);
			thread(&sketches[i], number, 2 + j, 60, object, accepts ? 5 : 6);
		}
		thread(&sketches[i], group(&sketches[i], 1, "cond_wait", 0), 9, 10, "0xa",
			5 + step * i);
		add(sketches[i].fds, "fd:3 tcp listen 0.0.0.0:80 - 77 %u\n", accepts ? 0 : unread);
	}
	return sketches;
}

static void test_exhausted(void **state)
{
	(void)state;
	sketches_judge(accepting(3, 0, true), 5, "stalled likely 4");
	sketches_judge(accepting(3, 1, true), 5, "stalled likely 4");
	sketches_judge(accepting(3, 0, false), 5, "stalled likely 4");
	/* Thread 9 may accept. */
	sketches_judge(accepting(3, 1, false), 5, "");
	sketches_judge(accepting(0, 0, true), 5, "");
	sketches_judge(accepting(3, 0, true), 4, "");
}

/* 1 accepts at first, and then waits for room in a queue, from which 2 and 3 took; they wait for a peer. */
static void test_exhausted_behind_a_queue(void **state)
{
	(void)state;
	struct sketch *sketches = sketches_new(5);
	for (unsigned i = 0; i < 5; i++) {
		unsigned first = group(&sketches[i], 1, i < 2 ? "accept" : "cond_wait", 0);
		unsigned pool = group(&sketches[i], 2, "recv", 0);
		thread(&sketches[i], first, 1, 60, i < 2 ? "fd:3" : "0xa", i < 2 ? 5 : 6);
		thread(&sketches[i], pool, 2, 60, "fd:7", 8);
		thread(&sketches[i], pool, 3, 60, "fd:8", 8);
		add(sketches[i].wakers, "0xa 2 9 - 1 0\n");
		add(sketches[i].fds, "fd:3 tcp listen 0.0.0.0:80 - 77 %u\n", i < 2 ? 0 : 4);
	}
	sketches_judge(sketches, 5, "stalled likely 2");
}

/* 2 sends, or receives, and is the only one who ever woke what 3 waits on. */
static void test_stalled_hander(void **state)
{
	(void)state;
	static const char *const waits[] = {"send", "recv"};
	for (int i = 0; i < 2; i++) {
		struct sketch *sketch = sketches_new(1);
		thread(sketch, group(sketch, 1, waits[i], 0), 2, 500, "fd:3", 7);
		thread(sketch, group(sketch, 1, "cond_wait", 0), 3, 500, "0xa", 7);
		add(sketch->wakers, "0xa 2 5 %lu 1 1\n", 500 * SECOND);
		sketches_judge(sketch, 1, i ? "" : "stalled likely 1+1");
	}
}

/* --- growing --------------------------------------------------------------------------------------------- */

/* In each dump more threads of one group; those that were there have made step waits more. */
static struct sketch *growth(
	size_t count, unsigned more, unsigned step, const char *wait, unsigned first_id_step)
{
	struct sketch *sketches = sketches_new(count);
	for (unsigned i = 0; i < count; i++) {
		unsigned threads = more * (i + 1);
		unsigned number = group(&sketches[i], threads, wait, 0);
		for (unsigned j = 0; j < threads; j++)
			thread(&sketches[i], number, 2 + j + first_id_step * i, 60 * (i + 1), "0xa",
				5 + step * i);
	}
	return sketches;
}

static void test_growing(void **state)
{
	(void)state;
	sketches_judge(growth(5, 3, 0, "cond_wait", 0), 5, "growing likely 15");
	sketches_judge(growth(5, 6, 0, "recv", 0), 5, "growing likely 30");
}

/* Whose waits end again and again, by time alone, unless somebody wakes them. */
static void test_growing_loops(void **state)
{
	(void)state;
	sketches_judge(growth(7, 5, 1, "nanosleep", 0), 7, "growing likely 35");
	sketches_judge(growth(7, 3, 1, "nanosleep", 0), 7, "");
	sleep_ns = SECOND / 2;
	sketches_judge(growth(7, 5, 120, "nanosleep", 0), 7, "growing likely 35");
	sleep_ns = SECOND / 2;
	sketches_judge(growth(7, 5, 360, "nanosleep", 0), 7, ""); /* they do more */
	sleep_ns = SECOND;
	sketches_judge(growth(7, 5, 180, "nanosleep", 0), 7, "growing likely 35"); /* tickers */
	sleep_ns = 0;
	/* They were seen twice in the mean, and may do more than sleep. */
	sketches_judge(growth(5, 5, 1, "nanosleep", 0), 5, "");
	for (int woken = 0; woken < 2; woken++) {
		struct sketch *sketches = sketches_new(7);
		for (unsigned i = 0; i < 7; i++) {
			unsigned number = group(&sketches[i], 5 * (i + 1), "cond_wait", 1);
			for (unsigned j = 0; j < 5 * (i + 1); j++)
				thread(&sketches[i], number, 2 + j, 1, "0xa", 5 + i);
			add(sketches[i].wakers, "0xa - %d - - -\n", woken);
		}
		sketches_judge(sketches, 7, woken ? "" : "growing likely 35");
	}
}

/* Half of the requests leave a thread; another one is seen on its way in each dump, and then has ended, or is elsewhere. */
static void test_growing_among_others(void **state)
{
	(void)state;
	for (int ends = 0; ends < 2; ends++) {
		struct sketch *sketches = sketches_new(6);
		for (unsigned i = 0; i < 6; i++) {
			unsigned number = group(&sketches[i], 2 * i + 1, "cond_wait", 0);
			unsigned elsewhere = group(&sketches[i], ends ? 0 : i, "recv", 0);
			for (unsigned j = 0; j < 2 * i; j++)
				thread(&sketches[i], number, 100 + j, 60, "0xa", 5);
			thread(&sketches[i], number, 200 + i, 1, "0xa", 5);
			for (unsigned j = 0; !ends && j < i; j++)
				thread(&sketches[i], elsewhere, 200 + j, 60, "fd:3", 6);
		}
		sketches_judge(sketches, 6, ends ? "growing likely 11" : "");
	}
}

/* More threads with a TCP connection each from dump to dump, between one address and many. */
static struct sketch *connections(
	const char *one, const char *many, int timed, bool asks, unsigned more, unsigned step)
{
	struct sketch *sketches = sketches_new(7);
	for (unsigned i = 0; i < 7; i++) {
		unsigned number = group(&sketches[i], more * (i + 1), "recv", timed);
		for (unsigned j = 0; j < more * (i + 1); j++) {
			char object[16];
			sprintf(object, "fd:%u", 10 + j);
			thread(&sketches[i], number, 2 + j, 60 * (i + 1), object, 5 + step * i);
			if (asks)
				add(sketches[i].fds, "%s tcp established %s:%u %s - -\n", object,
					many, 40000 + j, one);
			else
				add(sketches[i].fds, "%s tcp established %s %s:%u - -\n", object,
					one, many, 40000 + j);
		}
	}
	return sketches;
}

static void test_growing_by_peers(void **state)
{
	(void)state;
	const char *database = "10.0.0.1:5432", *host = "10.0.0.2";
	sketches_judge(connections(database, host, 0, true, 2, 0), 7, "growing likely 14");
	sketches_judge(connections(database, host, 0, false, 2, 0), 7, "");
	struct sketch *clients = connections(database, host, 1, false, 6, 1);
	sketches_judge(clients, 7, "");
	/* As client libraries do, whose handle nobody destroys: polling, with a time limit. */
	sketches_judge(connections(database, host, 1, true, 6, 60), 7, "growing likely 42");
	sketches_judge(connections(database, host, 1, true, 3, 60), 7, "");
	/* They are answered. */
	sketches_judge(connections(database, host, 1, true, 6, 600), 7, "");
}

static void test_not_growing(void **state)
{
	(void)state;
	/* They work between two looks. */
	sketches_judge(growth(5, 3, 1, "cond_wait", 0), 5, "");
	/* They leave, and others come. */
	sketches_judge(growth(5, 3, 0, "cond_wait", 3), 5, "");
	/* Too few dumps. */
	sketches_judge(growth(3, 9, 0, "cond_wait", 0), 3, "");
	/* Clients that are silent for a while. */
	sketches_judge(growth(5, 3, 0, "recv", 0), 5, "");
	/* A pool that was filled in three steps, long ago; and a leak whose load has just ended. */
	struct sketch *filled = growth(20, 3, 0, "cond_wait", 0);
	for (unsigned i = 4; i < 20; i++) {
		filled[i] = filled[3];
		filled[i].sequence = i + 1;
	}
	assert_verdicts(filled, 20, "");
	assert_verdicts(filled, 6, "growing likely 12");
	free(filled);
	/* A burst that stays. */
	struct sketch *sketches = growth(5, 3, 0, "cond_wait", 0);
	for (unsigned i = 1; i < 5; i++) {
		sketches[i] = sketches[4];
		sketches[i].sequence = i + 1;
	}
	sketches_judge(sketches, 5, "");
}

/* --- never woken, orphaned, idle --------------------------------------------------------------------------- */

/* count threads on an object each, aged from 600 s on by step seconds less. */
static struct sketch *waiters(unsigned count, unsigned step, int timed, const char *waker)
{
	struct sketch *sketch = sketches_new(1);
	unsigned number = group(sketch, count, "sem_wait", timed);
	for (unsigned i = 0; i < count; i++) {
		char object[16];
		sprintf(object, "0x%x", 0xa000 + i);
		thread(sketch, number, 2 + i, 600 - step * i, object, 1);
		add(sketch->wakers, "%s %s\n", object, waker);
	}
	return sketch;
}

static void test_never_woken(void **state)
{
	(void)state;
	sketches_judge(waiters(30, 15, 0, "- 0 - - -"), 1, "never woken likely 30");
}

/* 600 threads on one object, all made at once by f8fff. */
static struct sketch *crowd(unsigned long seconds)
{
	struct sketch *sketch = sketches_new(1);
	unsigned number = group(sketch, 600, "cond_wait", 0);
	for (unsigned i = 0; i < 600; i++)
		thread(sketch, number, 2 + i, seconds, "0xa", 1);
	add(sketch->wakers, "0xa - 0 - - -\n");
	return sketch;
}

static void test_crowd(void **state)
{
	(void)state;
	sketches_judge(crowd(100), 1, "never woken likely 600");
	sketches_judge(crowd(3), 1, "never woken likely 600");
	sketches_judge(crowd(1), 1, ""); /* they may wait for the start */
	/* Who makes them is still at it: a pool, and somebody who keeps it. */
	struct sketch *sketch = crowd(100);
	add(sketch->groups,
		"1 @ 0x1000 0x9000\n"
		"# group=2 count=1 wait=nanosleep timed=1 source=slot guessed=- partial=0\n");
	sketch->total++;
	sketches_judge(sketch, 1, "");
}

/* Over time, threads in pairs on one object: 50 threads, a pair each 15 s. */
static struct sketch *pairs(const char *wait, unsigned at_each)
{
	struct sketch *sketch = sketches_new(1);
	unsigned number = group(sketch, 50, wait, 0);
	for (unsigned i = 0; i < 50; i++) {
		char object[16];
		sprintf(object, "0x%x", 0xa000 + i / at_each);
		thread(sketch, number, 2 + i, 900 - 15 * (i / 2), object, 1);
		if (i % at_each == 0 && strcmp(wait, "barrier_wait") != 0)
			add(sketch->wakers, "%s - 0 - - -\n", object);
	}
	return sketch;
}

static void test_never_woken_in_pairs(void **state)
{
	(void)state;
	sketches_judge(pairs("cond_wait", 2), 1, "never woken likely 50");
	sketches_judge(pairs("barrier_wait", 2), 1, "never woken likely 50");
	sketches_judge(pairs("cond_wait", 10), 1, ""); /* five pools */
	sketches_judge(pairs("barrier_wait", 50), 1, "");
}

static void test_not_never_woken(void **state)
{
	(void)state;
	sketches_judge(waiters(30, 0, 0, "- 0 - - -"), 1, ""); /* made together: a pool */
	sketches_judge(waiters(30, 15, 1, "- 0 - - -"), 1, ""); /* with a time limit */
	sketches_judge(waiters(30, 15, 0, "- - - - -"), 1, ""); /* not known */
	sketches_judge(waiters(30, 15, 0, "1 4 10 1 1"), 1, ""); /* woken */
	sketches_judge(waiters(10, 50, 0, "- 0 - - -"), 1, ""); /* few */
}

static void test_orphaned(void **state)
{
	(void)state;
	sketches_judge(waiters(4, 0, 0, "900 1 500000000000 0 1"), 1, "orphaned likely 4");
}

static void test_not_orphaned(void **state)
{
	(void)state;
	sketches_judge(waiters(4, 0, 0, "900 2 500000000000 0 0"), 1, ""); /* several wakers */
	sketches_judge(waiters(4, 0, 0, "900 1 500000000000 1 1"), 1, ""); /* it lives */
	sketches_judge(waiters(4, 0, 0, "- 1 500000000000 - 1"), 1, ""); /* not known */
	sketches_judge(waiters(2, 0, 0, "900 1 500000000000 0 1"), 1, ""); /* few */
	sketches_judge(waiters(4, 0, 1, "900 1 500000000000 0 1"), 1, ""); /* with a limit */
}

/* 4 threads that send, on connections in a state. */
static struct sketch *senders(const char *tcp_state)
{
	struct sketch *sketch = sketches_new(1);
	unsigned number = group(sketch, 4, "send", 0);
	for (unsigned i = 0; i < 4; i++) {
		char object[16];
		sprintf(object, "fd:%u", 10 + i);
		thread(sketch, number, 2 + i, 100, object, 1);
		add(sketch->fds, "%s tcp %s 10.0.0.1:80 10.0.0.2:%u - -\n", object, tcp_state,
			4000 + i);
	}
	return sketch;
}

static void test_orphaned_by_a_peer(void **state)
{
	(void)state;
	sketches_judge(senders("close_wait"), 1, "orphaned likely 4");
	sketches_judge(senders("established"), 1, "");
}

static void test_idle_only_when_asked(void **state)
{
	(void)state;
	struct sketch *sketch = sketches_new(1);
	unsigned number = group(sketch, 4, "cond_wait", 0);
	for (unsigned i = 0; i < 4; i++)
		thread(sketch, number, 2 + i, 9000, "0xa", 1);
	assert_verdicts(sketch, 1, "");
	settings.all = true;
	sketches_judge(sketch, 1, "idle none 4");
}

static void test_no_deadline_only_when_asked(void **state)
{
	(void)state;
	struct sketch *sketch = sketches_new(1);
	thread(sketch, group(sketch, 1, "recv", 0), 2, 9000, "fd:3", 1);
	assert_verdicts(sketch, 1, "");
	settings.all = true;
	sketches_judge(sketch, 1, "no deadline none 1");
}

/* --- unjoined, timers -------------------------------------------------------------------------------------- */

/* In dump i, more * (i + 1) threads of creator 1, created in function f8fff. */
static struct sketch *leftovers(size_t count, unsigned more, unsigned long seconds)
{
	struct sketch *sketches = sketches_new(count);
	for (unsigned i = 0; i < count; i++) {
		add(sketches[i].creators, "1 thread %u 0 @ 0x9000\n", 10 * (i + 1));
		for (unsigned j = 0; j < more * (i + 1); j++)
			add(sketches[i].unjoined, "%u 1 %lu\n", 2 + j, seconds * SECOND);
	}
	return sketches;
}

static void test_unjoined(void **state)
{
	(void)state;
	sketches_judge(leftovers(1, 3, 100), 1, "unjoined likely 3");
	sketches_judge(leftovers(4, 3, 200), 4, "unjoined proven 12");
}

static void test_not_unjoined(void **state)
{
	(void)state;
	sketches_judge(leftovers(1, 2, 100), 1, ""); /* few */
	sketches_judge(leftovers(1, 3, 50), 1, ""); /* young */
	/* Who created them is still there. */
	struct sketch *sketch = leftovers(1, 3, 100);
	add(sketch->groups,
		"1 @ 0x1000 0x9000\n"
		"# group=1 count=1 wait=join timed=0 source=slot guessed=- partial=0\n");
	sketch->total = 1;
	sketches_judge(sketch, 1, "");
}

static struct sketch *timers(size_t count, unsigned more, unsigned gone)
{
	struct sketch *sketches = sketches_new(count);
	for (unsigned i = 0; i < count; i++) {
		add(sketches[i].creators, "1 timer_create %u %u @ 0x9000\n",
			(more + gone) * (i + 1), gone * (i + 1));
		for (unsigned j = 0; j < more * (i + 1); j++)
			add(sketches[i].timers, "%u timer_create 1 %lu\n", j, 100 * SECOND);
	}
	return sketches;
}

static void test_timer_leak(void **state)
{
	(void)state;
	sketches_judge(timers(5, 2, 0), 5, "timer leak likely 10");
}

static void test_no_timer_leak(void **state)
{
	(void)state;
	sketches_judge(timers(1, 60, 0), 1, ""); /* made at once */
	sketches_judge(timers(5, 2, 2), 5, ""); /* as many go */
	sketches_judge(timers(3, 9, 0), 3, ""); /* few dumps */
}

/* --- unreachable ---------------------------------------------------------------------------------------- */

/* Threads on one object, with a proof of each. */
static void proven(struct sketch *sketch, unsigned count, const char *wait, int timed,
	unsigned first_id, unsigned waits, const char *proof)
{
	unsigned number = group(sketch, count, wait, timed);
	for (unsigned i = 0; i < count; i++) {
		thread(sketch, number, first_id + i, 2, "0xa", waits);
		if (proof)
			add(sketch->proofs, "%u %s\n", first_id + i, proof);
	}
}

static struct sketch *one_proof(unsigned count, const char *wait, int timed, const char *proof)
{
	struct sketch *sketch = sketches_new(1);
	proven(sketch, count, wait, timed, 2, 1, proof);
	return sketch;
}

static void test_unreachable(void **state)
{
	(void)state;
	sketches_judge(one_proof(1, "cond_wait", 0, "unreachable - -"), 1, "unreachable proven 1");
	sketches_judge(one_proof(4, "join", 0, "unreachable - -"), 1, "unreachable proven 4");
	sketches_judge(one_proof(4, "cond_wait", 0, "unreachable ran,handle -"), 1,
		"unreachable likely 4");
}

static void test_not_unreachable(void **state)
{
	(void)state;
	sketches_judge(one_proof(4, "cond_wait", 0, "reached - heap:0xa:1"), 1, "");
	sketches_judge(one_proof(4, "cond_wait", 0, "unmeasured moved -"), 1, "");
	sketches_judge(one_proof(4, "cond_wait", 0, "unheard_of - -"), 1, ""); /* a newer word */
	sketches_judge(one_proof(4, "cond_wait", 1, "unreachable - -"), 1, ""); /* with a limit */
	sketches_judge(one_proof(4, "cond_wait", 0, NULL), 1, "");
}

static void test_a_new_reason_is_a_reason(void **state)
{
	(void)state;
	sketches_judge(
		one_proof(1, "futex", 0, "unreachable unheard_of -"), 1, "unreachable likely 1");
}

/* What is certain of some leaves less for the weaker words about the rest. */
static void test_unreachable_comes_first(void **state)
{
	(void)state;
	struct sketch *sketch = crowd(100);
	for (unsigned i = 0; i < 600; i++)
		if (i < 5)
			add(sketch->proofs, "%u unreachable - -\n", 2 + i);
		else if (i < 10)
			add(sketch->proofs, "%u unreachable ran -\n", 2 + i);
	sketches_judge(
		sketch, 1, "unreachable proven 5; unreachable likely 5; never woken likely 590");
}

static void test_a_deadlock_is_no_loss(void **state)
{
	(void)state;
	struct sketch *sketch = circle(0);
	for (unsigned id = 2; id < 5; id++)
		add(sketch->proofs, "%u unreachable - -\n", id);
	sketches_judge(sketch, 1, "deadlock proven 2+1");
}

/* Two dumps; only in the first a proof was made, unless again says otherwise. */
static struct sketch *proof_before(unsigned waits, const char *before, const char *again)
{
	struct sketch *sketches = sketches_new(2);
	proven(&sketches[0], 3, "cond_wait", 0, 2, 1, before);
	proven(&sketches[1], 3, "cond_wait", 0, 2, waits, again);
	return sketches;
}

static void test_a_proof_lasts_as_long_as_the_wait(void **state)
{
	(void)state;
	sketches_judge(proof_before(1, "unreachable - -", NULL), 2, "unreachable proven 3");
	sketches_judge(proof_before(1, "unreachable ran -", NULL), 2, "unreachable likely 3");
	sketches_judge(proof_before(2, "unreachable - -", NULL), 2, "recovered none 3");
	sketches_judge(
		proof_before(1, "unreachable - -", "unreachable ran -"), 2, "unreachable proven 3");
	sketches_judge(proof_before(1, "unreachable - -", "unmeasured limit -"), 2,
		"unreachable proven 3");
	sketches_judge(proof_before(1, "unreachable - -", "reached - -"), 2, "");
	sketches_judge(proof_before(1, "reached - -", NULL), 2, "");
}

/* --- recovered ---------------------------------------------------------------------------------------------- */

/* Five dumps of a growing group, of which so many threads are in the last two dumps. */
static struct sketch *grown(unsigned left)
{
	struct sketch *sketches = growth(5, 4, 0, "cond_wait", 0);
	sketches = realloc(sketches, 7 * sizeof(*sketches));
	memset(&sketches[5], 0, 2 * sizeof(*sketches));
	for (unsigned i = 5; i < 7; i++) {
		sketches[i].sequence = i + 1;
		unsigned number = group(&sketches[i], left, "cond_wait", 0);
		for (unsigned j = 0; j < left; j++)
			thread(&sketches[i], number, 2 + j, 60 * (i + 1), "0xa", 5);
	}
	return sketches;
}

static void test_recovered(void **state)
{
	(void)state;
	sketches_judge(grown(1), 7, "recovered none 20");
	sketches_judge(grown(10), 7, ""); /* half of them are there still */
}

/* --- at exit ------------------------------------------------------------------------------------------------ */

static struct sketch *ending(void)
{
	struct sketch *sketch = sketches_new(1);
	sketch->reason = "exit exiting_tid=1002";
	thread(sketch, group(sketch, 1, "join", 0), 1, 0, "thread:2", 1);
	thread(sketch, group(sketch, 1, "running", 0), 2, 0, "-", 1);
	thread(sketch, group(sketch, 1, "poll", 1), 3, 0, "-", 1);
	add(sketch->timers, "1 timer_create 1 5\n");
	add(sketch->unjoined, "9 1 5\n");
	return sketch;
}

static void test_alive_at_exit(void **state)
{
	(void)state;
	struct sketch *sketch = ending();
	assert_verdicts(sketch, 1, "");
	settings.exit_counts = true;
	sketches_judge(sketch, 1,
		"alive at exit proven 1; alive at exit proven 1; alive at exit proven 1");
}

/* That they are there is certain, that nobody can wake them is not. */
static void test_unreachable_at_exit(void **state)
{
	(void)state;
	struct sketch *sketch = one_proof(4, "cond_wait", 0, "unreachable ran -");
	settings.exit_counts = true;
	sketches_judge(sketch, 1, "alive at exit proven 4");
	sketch = one_proof(4, "cond_wait", 0, "unreachable - -");
	settings.exit_counts = true;
	sketches_judge(sketch, 1, "unreachable proven 4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deadlock),
		cmocka_unit_test(test_a_time_limit_ends_it),
		cmocka_unit_test(test_no_owner_row_no_word),
		cmocka_unit_test(test_an_owner_that_is_not_in_the_dump),
		cmocka_unit_test(test_self_lock),
		cmocka_unit_test(test_joins),
		cmocka_unit_test(test_joining_a_worker_is_none),
		cmocka_unit_test(test_dead_owner),
		cmocka_unit_test(test_not_dead),
		cmocka_unit_test(test_semaphore_deadlock),
		cmocka_unit_test(test_semaphore_dead_owner),
		cmocka_unit_test(test_stalled),
		cmocka_unit_test(test_stalled_in_one_dump),
		cmocka_unit_test(test_not_stalled),
		cmocka_unit_test(test_exhausted),
		cmocka_unit_test(test_exhausted_behind_a_queue),
		cmocka_unit_test(test_stalled_hander),
		cmocka_unit_test(test_growing),
		cmocka_unit_test(test_growing_by_peers),
		cmocka_unit_test(test_growing_loops),
		cmocka_unit_test(test_growing_among_others),
		cmocka_unit_test(test_not_growing),
		cmocka_unit_test(test_never_woken),
		cmocka_unit_test(test_crowd),
		cmocka_unit_test(test_never_woken_in_pairs),
		cmocka_unit_test(test_not_never_woken),
		cmocka_unit_test(test_orphaned),
		cmocka_unit_test(test_not_orphaned),
		cmocka_unit_test(test_orphaned_by_a_peer),
		cmocka_unit_test(test_idle_only_when_asked),
		cmocka_unit_test(test_no_deadline_only_when_asked),
		cmocka_unit_test(test_unjoined),
		cmocka_unit_test(test_not_unjoined),
		cmocka_unit_test(test_timer_leak),
		cmocka_unit_test(test_no_timer_leak),
		cmocka_unit_test(test_unreachable),
		cmocka_unit_test(test_not_unreachable),
		cmocka_unit_test(test_a_new_reason_is_a_reason),
		cmocka_unit_test(test_unreachable_comes_first),
		cmocka_unit_test(test_a_deadlock_is_no_loss),
		cmocka_unit_test(test_a_proof_lasts_as_long_as_the_wait),
		cmocka_unit_test(test_recovered),
		cmocka_unit_test(test_alive_at_exit),
		cmocka_unit_test(test_unreachable_at_exit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
