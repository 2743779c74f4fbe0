/*
 * prover.c - tries for a picture in which nobody runs, has a child think about it, and compares the answers.
 *
 * Guarantee: whatever fails makes a row that is not measured; nothing is left behind, no child and no memory.
 *
 * It refuses where the copy could harm the host: under a filter of system calls that the host has put to work itself,
 * and where the kernel promises no more memory than it has.
 */
#include "preload/prover.h"
#include "preload/array.h"
#include "preload/creators.h"
#include "preload/modules.h"
#include "preload/peek.h"
#include "preload/picture.h"
#include "preload/space.h"
#include "preload/sys.h"

#include <gnu/libc-version.h>
#include <signal.h>
#include <string.h>

#define REASON_BIT(reason) (1u << REASON_##reason)
#define MILLISECOND_NS	   1000000u
#define TRIES		   8u /* for a picture in which nobody runs */
#define LOOKS		   8u /* for a moment in which nobody runs, before each */
#define STALLS_NS                                                                                  \
	(50u * MILLISECOND_NS) /* after so much of them the next picture is taken as it is */
#define GRACE_NS     (1000u * MILLISECOND_NS) /* for a child that has reached its limit */
#define NAP_LEAST_NS (MILLISECOND_NS / 2)
#define NAP_MOST_NS  (20u * MILLISECOND_NS)

static struct array rows_array, first_array;

/* What one call of prove() is about. */
static struct {
	struct proving result;
	bool (*pause)(uint64_t ns);
	uint64_t limit_ns;
	struct stills stills;
	struct helds helds;
	struct proof_task task;
	bool abandoned;
} proving;

/* --- what stands against it -------------------------------------------------------------------------------------- */

/* vm.overcommit_memory 2: a copy takes from what the host may still have. */
static bool memory_is_strict(void)
{
	char mode = 0;
	int fd = sys_open(AT_FDCWD, "/proc/sys/vm/overcommit_memory", O_RDONLY, 0);
	if (fd < 0)
		return false;
	sys_read(fd, &mode, 1);
	sys_close(fd);
	return mode == '2';
}

/* As the kernel has it, which is not as libc has it. */
struct kernel_sigaction {
	uintptr_t handler;
	uint64_t flags;
	uintptr_t restorer;
	uint64_t mask;
};

/* The two that glibc keeps for itself are not the host's. */
static void handlers_look(struct proof_task *task)
{
	for (int number = 1; number <= 64; number++) {
		struct kernel_sigaction action = {0};
		if (number == 32 || number == 33 ||
			sys_call4(SYS_rt_sigaction, number, 0, (long)&action, sizeof action.mask) <
				0)
			continue;
		if (action.handler == (uintptr_t)SIG_DFL || action.handler == (uintptr_t)SIG_IGN)
			continue;
		task->handled = true;
		task->interrupts = task->interrupts || !(action.flags & SA_RESTART);
	}
}

static bool image_find(uintptr_t address, struct extent *image)
{
	struct module_place place;
	if (!module_place_find(address, &place))
		return false;
	*image = (struct extent){place.start, place.end};
	return true;
}

static bool images_find(struct proof_task *task)
{
	return image_find(modules_loader(), &task->loader) &&
	       image_find((uintptr_t)gnu_get_libc_version, &task->libc) &&
	       image_find((uintptr_t)prove, &task->own);
}

/* --- one picture -------------------------------------------------------------------------------------------------- */

/* Waits for a moment in which nobody has run since the last look. */
static bool stillness_await(void)
{
	uint64_t nap_ns = NAP_LEAST_NS;
	for (unsigned look = 0; look < LOOKS && !proving.abandoned; look++) {
		if (stills_look(&proving.stills))
			return true;
		proving.abandoned = !proving.pause(nap_ns);
		nap_ns = nap_ns * 2 < NAP_MOST_NS ? nap_ns * 2 : NAP_MOST_NS;
	}
	return stills_look(&proving.stills);
}

/* Memory shared with the child. NULL when there is none. */
static struct proof *proof_map(size_t bytes)
{
	long at = sys_call6(SYS_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (at < 0)
		return NULL;
	sys_call3(SYS_madvise, at, (long)bytes, MADV_DONTDUMP);
	return (struct proof *)at;
}

static void proof_unmap(void)
{
	if (proving.task.proof)
		sys_call2(SYS_munmap, (long)proving.task.proof, (long)proving.task.proof_bytes);
	proving.task.proof = NULL;
}

static bool task_prepare(void)
{
	size_t bytes = sizeof(struct proof) + proving.stills.count * sizeof(struct proof_row);
	proof_unmap();
	proving.task = (struct proof_task){.proof = proof_map(bytes),
		.proof_bytes = bytes,
		.stills = &proving.stills,
		.helds = &proving.helds,
		.limit_ns = proving.limit_ns};
	handlers_look(&proving.task);
	if (!proving.task.proof || !images_find(&proving.task))
		return false;
	proving.helds = helds_read(&proving.stills);
	proving.task.space_bytes = space_bytes();
	return true;
}

/* Tells the child who has run since the threads were looked at. */
static void ran_note(bool anybody)
{
	struct proof *proof = proving.task.proof;
	proof->ran = anybody;
	for (size_t i = 0; i < proving.stills.count; i++)
		proof->rows[i].ran = proving.stills.list[i].state == STILL_RAN;
}

/* A child that waits to be let go; negative if there is none. *still: nobody ran from the look at the threads until it
 * was there. */
static int child_make(bool *still)
{
	if (!task_prepare())
		return -1;
	/* In vain otherwise, and for more than a look. */
	if (!stills_check(&proving.stills))
		*still = false;
	uint64_t before_ns = sys_clock_ns(CLOCK_MONOTONIC);
	int child = picture_take(proof_find, &proving.task);
	uint64_t stall_ns = sys_clock_ns(CLOCK_MONOTONIC) - before_ns;
	if (stall_ns > proving.result.stall_ns)
		proving.result.stall_ns = stall_ns;
	*still = stills_check(&proving.stills) && *still;
	ran_note(!*still);
	return child;
}

static bool any_candidate(void)
{
	for (size_t i = 0; i < proving.stills.count; i++)
		if (proving.stills.list[i].candidate)
			return true;
	return false;
}

/* One in which nobody ran, or, when there is none to be had, one in which somebody did. The host does not pay for a picture
 * in which there is nobody to judge. */
static int child_get(void)
{
	uint64_t began_stall_ns = 0;
	for (unsigned try = 1;; try++) {
		bool still = stillness_await();
		bool last = try == TRIES || began_stall_ns > STALLS_NS;
		uint64_t before_ns = sys_clock_ns(CLOCK_MONOTONIC);
		if (proving.abandoned || !proving.stills.complete || !any_candidate())
			return -1;
		if (!still && !last)
			continue;
		int child = child_make(&still);
		if (child < 0 || still || last)
			return child;
		picture_drop(child);
		began_stall_ns += sys_clock_ns(CLOCK_MONOTONIC) - before_ns;
	}
}

/* Lets time pass until the child has ended, or should have. */
static bool child_await(int child)
{
	uint64_t end_ns = sys_clock_ns(CLOCK_MONOTONIC) + proving.limit_ns + GRACE_NS;
	uint64_t nap_ns = NAP_LEAST_NS;
	while (picture_look(child) == PICTURE_RUNS) {
		proving.abandoned = !proving.pause(nap_ns);
		nap_ns = nap_ns * 2 < NAP_MOST_NS ? nap_ns * 2 : NAP_MOST_NS;
		if (!proving.abandoned && sys_clock_ns(CLOCK_MONOTONIC) < end_ns)
			continue;
		picture_drop(child);
		return false;
	}
	return true;
}

/* Bits of enum reason: why nothing is measured; 0 if the proof is whole. */
static uint32_t picture_judge(void)
{
	if (peek_filtered_since())
		return REASON_BIT(FILTERED);
	int child = memory_is_strict() ? -1 : child_get();
	if (child < 0)
		return proving.abandoned ? REASON_BIT(LIMIT) : REASON_BIT(NO_PICTURE);
	picture_go();
	if (!child_await(child))
		return REASON_BIT(LIMIT);
	const struct proof *proof = proving.task.proof;
	if (!atomic_load(&proof->whole))
		return REASON_BIT(NO_PICTURE);
	proving.result.pictures++;
	proving.result.scanned_bytes = proof->scanned_bytes;
	proving.result.cpu_ns = proof->cpu_ns;
	return proof->failed;
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

static void row_fill(struct proven *row, const struct still *still, const struct proof_row *from)
{
	*row = (struct proven){.id = still->id,
		.slot = still->slot,
		.word = still->word,
		.verdict = from->verdict,
		.reasons = from->reasons,
		.link_count = from->link_count};
	memcpy(row->links, from->links, from->link_count * sizeof *from->links);
}

/* The candidates of the picture; all of them not measured if it failed. */
static uint32_t rows_collect(struct array *rows, uint32_t failed)
{
	uint32_t count = 0;
	for (size_t i = 0; i < proving.stills.count; i++) {
		const struct still *still = &proving.stills.list[i];
		struct proof_row from = {.verdict = PROOF_UNMEASURED, .reasons = failed};
		if (!failed)
			from = proving.task.proof->rows[i];
		if (!still->candidate || from.verdict == PROOF_NONE)
			continue;
		if (!array_room(rows, count + 1, sizeof(struct proven)))
			break;
		row_fill((struct proven *)rows->memory + count++, still, &from);
	}
	return count;
}

static uint32_t picture_take_and_judge(struct array *rows)
{
	uint32_t failed = picture_judge();
	/* Who the candidates are is known by a look at them, also where no picture could be made. */
	if (!proving.stills.count)
		stills_look(&proving.stills);
	return rows_collect(rows, failed);
}

static void row_unmeasure(struct proven *row, uint32_t reasons)
{
	row->verdict = PROOF_UNMEASURED;
	row->reasons = reasons;
	row->link_count = 0;
}

/* What was unreachable once stays so: where one of two answers has nothing to doubt, there is no doubt. */
static void row_agree(struct proven *row, const struct proven *first)
{
	if (!first || first->id != row->id || first->word != row->word)
		row_unmeasure(row, REASON_BIT(MOVED));
	else if (first->verdict == PROOF_UNMEASURED)
		row_unmeasure(row, first->reasons);
	else if (row->verdict == PROOF_UNMEASURED)
		return;
	else if (first->verdict != row->verdict)
		row_unmeasure(row, REASON_BIT(CHANGED));
	else
		row->reasons = first->reasons && row->reasons ? first->reasons | row->reasons : 0;
}

static const struct proven *row_find(
	const struct proven *rows, uint32_t count, const struct slot *slot)
{
	for (uint32_t i = 0; i < count; i++)
		if (rows[i].slot == slot)
			return &rows[i];
	return NULL;
}

static bool any_unreachable(const struct proven *rows, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (rows[i].verdict == PROOF_UNREACHABLE)
			return true;
	return false;
}

static bool gap_pass(uint64_t gap_ns)
{
	uint64_t end_ns = sys_clock_ns(CLOCK_MONOTONIC) + gap_ns, now_ns;
	while (!proving.abandoned && (now_ns = sys_clock_ns(CLOCK_MONOTONIC)) < end_ns)
		proving.abandoned = !proving.pause(end_ns - now_ns);
	return !proving.abandoned;
}

/* Those of the second picture, compared with the first, whose order they share but for threads that came or went. */
static void rows_compare(uint32_t first_count)
{
	struct proven *rows = rows_array.memory;
	const struct proven *first = first_array.memory;
	for (uint32_t i = 0; i < proving.result.count; i++) {
		bool same = i < first_count && first[i].slot == rows[i].slot;
		row_agree(&rows[i], same ? &first[i] : row_find(first, first_count, rows[i].slot));
	}
}

struct proving prove(bool (*pause)(uint64_t ns), uint64_t gap_ns, uint64_t limit_ns)
{
	uint64_t began_ns = sys_clock_ns(CLOCK_MONOTONIC);
	proving.result = (struct proving){0};
	proving.pause = pause;
	proving.limit_ns = limit_ns;
	proving.abandoned = false;
	proving.result.count = picture_take_and_judge(&rows_array);
	if (any_unreachable(rows_array.memory, proving.result.count)) {
		struct array first = rows_array;
		uint32_t first_count = proving.result.count;
		rows_array = first_array;
		first_array = first;
		gap_pass(gap_ns);
		proving.result.count = picture_take_and_judge(&rows_array);
		rows_compare(first_count);
	}
	proof_unmap();
	proving.result.rows = rows_array.memory;
	proving.result.took_ns = sys_clock_ns(CLOCK_MONOTONIC) - began_ns;
	return proving.result;
}

void proving_confirm(struct proving *given)
{
	struct proven *rows = rows_array.memory;
	for (uint32_t i = 0; i < given->count; i++)
		if (atomic_load_explicit(&rows[i].slot->word, memory_order_acquire) != rows[i].word)
			row_unmeasure(&rows[i], REASON_BIT(MOVED));
}

void prover_forget(void)
{
	rows_array = first_array = (struct array){NULL, 0};
	memset(&proving, 0, sizeof proving);
	stills_forget();
	helds_forget();
	space_forget();
	picture_forget();
}
