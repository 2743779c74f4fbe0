/*
 * proof.c - reads the picture, marks what can be reached, and writes down who cannot.
 *
 * Guarantee: a thread is called unreachable only after the thorough look (mark.h), and with every reason there is to
 * doubt it. What fails on the way fails for all of them.
 *
 * It refuses to guess: what is not understood is a root.
 */
#include "preload/proof.h"
#include "preload/areas.h"
#include "preload/chain.h"
#include "preload/heap.h"
#include "preload/lives.h"
#include "preload/mark.h"
#include "preload/peek.h"
#include "preload/roots.h"
#include "preload/space.h"
#include "preload/sys.h"
#include "preload/threads.h"

#define REASON_BIT(reason) (1u << REASON_##reason)

static const struct proof_task *task;
static struct space space;

/* --- reasons ----------------------------------------------------------------------------------------------------- */

/* Somebody whose threads the program did not make by pthread_create(): the kernel may wake a futex when one ends. */
static bool has_strangers(void)
{
	for (size_t i = 0; i < task->stills->count; i++) {
		const struct still *still = &task->stills->list[i];
		if (still->ours || still->id == 1)
			continue;
		if (!still->slot || still->slot->flags & SLOT_FOREIGN)
			return true;
	}
	return false;
}

/* Of all rows: what is not known of threads that live. */
static uint32_t reasons_of_threads(void)
{
	uint32_t reasons = task->proof->ran ? REASON_BIT(RAN) : 0;
	for (uint32_t i = 0; i < task->stills->count; i++) {
		const struct still *still = &task->stills->list[i];
		if (still->ours || !life_of(i)->lives)
			continue;
		if (still->state == STILL_RAN)
			reasons |= REASON_BIT(RAN);
		else if (still->state == STILL_OUTSIDE)
			reasons |= REASON_BIT(REGISTERS);
	}
	return reasons;
}

/* Whether the program knows a function that does something to a thread by its handle. */
static bool handles_matter(void)
{
	static const char *const names[] = {"pthread_cancel", "pthread_kill", "pthread_sigqueue"};
	static int known = -1;
	if (known < 0)
		known = roots_name(names, sizeof names / sizeof *names);
	return known;
}

static uint32_t reasons_of(uint32_t thread)
{
	const struct still *still = &task->stills->list[thread];
	bool raw = still->wait.kind == WAIT_FUTEX;
	uint32_t reasons = 0;
	/* The main thread's handle is in memory that is not understood. */
	if ((life_of(thread)->held || still->id == 1) && handles_matter())
		reasons |= REASON_BIT(HANDLE);
	if (raw && has_strangers())
		reasons |= REASON_BIT(KERNEL);
	if (task->interrupts && (raw || still->wait.kind == WAIT_SEM))
		reasons |= REASON_BIT(INTERRUPTIBLE);
	return reasons;
}

/* --- rows -------------------------------------------------------------------------------------------------------- */

static void row_write(uint32_t thread, uint32_t reasons)
{
	struct proof_row *row = &task->proof->rows[thread];
	uint32_t other;
	if (life_of(thread)->lives) {
		row->verdict = PROOF_REACHED;
		chain_write(task->stills, thread, row);
	} else if (object_place(thread, &other) == OBJECT_IN_FREED) {
		row->verdict = PROOF_UNMEASURED;
		row->reasons = REASON_BIT(FREED);
	} else {
		row->verdict = PROOF_UNREACHABLE;
		row->reasons = reasons | reasons_of(thread);
	}
}

/* A handler of signals that runs on the thread of one that is not reached could reach what its thread-local storage
 * leads to. This marks: afterwards nothing else can be said. */
static void handlers_look(void)
{
	lives_ignore_stacks(true);
	for (uint32_t i = 0; i < task->stills->count; i++)
		if (task->proof->rows[i].verdict == PROOF_UNREACHABLE)
			roots_local(i);
	mark_follow();
	for (uint32_t i = 0; i < task->stills->count; i++)
		if (task->proof->rows[i].verdict == PROOF_UNREACHABLE &&
			mark_state(task->stills->list[i].wait.object) == MARK_REACHED)
			task->proof->rows[i].reasons |= REASON_BIT(INTERRUPTIBLE);
}

static void rows_write(uint32_t reasons)
{
	reasons |= reasons_of_threads();
	for (uint32_t i = 0; i < task->stills->count; i++)
		if (life_of(i)->candidate)
			row_write(i, reasons);
	if (task->handled && lives_any_dead())
		handlers_look();
}

/* --- the whole --------------------------------------------------------------------------------------------------- */

/* What the parent has seen since the picture was taken. */
static void stills_correct(void)
{
	for (size_t i = 0; i < task->stills->count; i++)
		if (task->proof->rows[i].ran)
			task->stills->list[i].state = STILL_RAN;
}

static uint32_t marks_make(void)
{
	uint32_t reasons = roots_mark();
	lives_settle();
	return reasons;
}

/* Bits of enum reason: why nothing is measured. */
static uint32_t picture_read(void)
{
	uint32_t record_bytes, tid_at;
	if (!heap_is_known() || !threads_record(&record_bytes, &tid_at))
		return REASON_BIT(LAYOUT);
	if (!space_read(&space))
		return REASON_BIT(NO_PICTURE);
	if (!areas_read(&space, task->stills) ||
		!heap_read(&space, task->libc.start, task->libc.end) || !lives_begin(task) ||
		!roots_begin(task, &space))
		return REASON_BIT(LIMIT);
	return 0;
}

static uint32_t proof_make(uint64_t deadline_ns)
{
	static const struct mark_calls calls = {life_awake, life_held};
	uint32_t reasons = 0, failed;
	/* Before anything is mapped here. */
	if (!task->space_bytes || space_bytes() < task->space_bytes)
		reasons |= REASON_BIT(WITHHELD);
	stills_correct();
	failed = picture_read();
	if (failed)
		return failed;
	mark_begin(&calls, deadline_ns);
	reasons |= marks_make();
	if (lives_any_dead()) {
		mark_doubt();
		lives_refollow();
		reasons |= marks_make();
	}
	if (!mark_failed())
		rows_write(reasons);
	return mark_failed() ? REASON_BIT(LIMIT) : 0;
}

void proof_find(void *context)
{
	task = context;
	/* What the parent holds open is of the parent's memory. */
	peek_forget();
	task->proof->failed = proof_make(sys_clock_ns(CLOCK_MONOTONIC) + task->limit_ns);
	task->proof->scanned_bytes = mark_bytes();
	task->proof->cpu_ns = sys_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	atomic_store(&task->proof->whole, 1);
}
