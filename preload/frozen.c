/*
 * frozen.c - copies as much of a stack as its frames need, and walks the copy.
 *
 * Most parked threads need one or two kilobytes: a small copy first, then four times as much while the
 * walk asks for more. A walk that leaves the copied piece (a signal handler ran on another stack) gets a
 * second piece where it asks for it.
 */
#include "preload/frozen.h"
#include "preload/arena.h"
#include "preload/creators.h"
#include "preload/peek.h"
#include "preload/recover.h"
#include "preload/sys.h"
#include "preload/walk.h"

#define PAGE_BYTES  ((size_t)4096)
#define FIRST_BYTES FROZEN_START_BYTES
#define PIECE_BYTES ((size_t)4 << 20) /* of one piece, at most */
#define PIECES	    2
#define KEEP_BYTES  ((size_t)256 << 10) /* more than this is given back after use */

/* Frames of the shim among the host's, at most: the wrappers of nested waits. */
#define OWN_FRAMES 8

static unsigned char *buffers; /* PIECES of PIECE_BYTES, touched as needed */
static unsigned char starts_buffer[FROZEN_STARTS * FROZEN_START_BYTES * 4];

/* Copies [low, low + bytes) as far as it is mapped; returns how much that is. */
static size_t stack_copy(unsigned char *to, uintptr_t low, size_t bytes)
{
	if (peek(to, low, bytes) == (long)bytes)
		return bytes;
	/* Part of it is not mapped: page by page, to the last that is. */
	size_t done = 0;
	while (done < bytes) {
		size_t step = PAGE_BYTES - (low + done) % PAGE_BYTES;
		if (step > bytes - done)
			step = bytes - done;
		if (peek(to + done, low + done, step) != (long)step)
			break;
		done += step;
	}
	return done;
}

/* Makes piece hold at least the bytes from its low end up to needs. False when it cannot. */
static bool piece_extend(
	struct stack_view *piece, unsigned char *buffer, uintptr_t low, uintptr_t needs)
{
	size_t have = piece->high - piece->low, want = have ? have * 4 : FIRST_BYTES;
	while (want < PIECE_BYTES && needs >= low + want)
		want *= 4;
	if (want > PIECE_BYTES)
		want = PIECE_BYTES;
	if (want <= have)
		return false;
	size_t copied = stack_copy(buffer, low, want);
	*piece = (struct stack_view){buffer, low, low + copied, piece->next};
	return copied > have;
}

/* The walk wants the word at needs: more of the first piece, or a second one elsewhere. */
static bool pieces_extend(struct stack_view pieces[PIECES], uintptr_t needs)
{
	if (needs >= pieces[0].low && needs - pieces[0].low < PIECE_BYTES && !pieces[0].next)
		if (piece_extend(&pieces[0], buffers, pieces[0].low, needs))
			return true;
	unsigned char *second = buffers + PIECE_BYTES;
	if (!pieces[0].next) {
		pieces[1] = (struct stack_view){second, needs, needs, NULL};
		pieces[0].next = &pieces[1];
	}
	return needs >= pieces[1].low && piece_extend(&pieces[1], second, pieces[1].low, needs);
}

static void frames_keep(struct frozen *frozen, const struct walk *walk)
{
	frozen->count = 0;
	frozen->guessed = -1;
	frozen->partial = walk->end != WALK_WHOLE;
	for (unsigned i = 0; i < walk->count && frozen->count < DUMP_FRAMES_MAX; i++) {
		if (address_is_own(walk->frames[i] - 1))
			continue;
		if (walk->guessed >= 0 && (int)i >= walk->guessed && frozen->guessed < 0)
			frozen->guessed = (int)frozen->count;
		frozen->frames[frozen->count++] = walk->frames[i];
	}
}

static bool buffers_open(void)
{
	if (!buffers)
		buffers = arena_map(PIECES * PIECE_BYTES);
	return buffers != NULL;
}

void frozen_copy(struct frozen_start *starts, unsigned count)
{
	struct peeked stretches[FROZEN_STARTS];
	for (unsigned i = 0; i < count; i++)
		stretches[i] = (struct peeked){starts[i].low, starts[i].bytes};
	unsigned copied = count ? peek_several(starts_buffer, stretches, count) : 0;
	const unsigned char *at = starts_buffer;
	for (unsigned i = 0; i < count; at += starts[i++].bytes)
		starts[i].copy = i < copied ? at : NULL;
}

static bool walk_copied(const struct registers *registers, unsigned have,
	const struct frozen_start *start, struct walk *walk)
{
	struct stack_view pieces[PIECES] = {{buffers, registers->sp, registers->sp, NULL}};
	/* A lost frame pointer is looked for in this much of the stack (recover.h). */
	uintptr_t needs = registers->sp + (have == HAVE_ALL ? 0 : RECOVER_BYTES - 1);
	if (!buffers_open())
		return false;
	if (start)
		pieces[0] = (struct stack_view){
			start->copy, start->low, start->low + start->bytes, NULL};
	else if (!piece_extend(&pieces[0], buffers, registers->sp, needs))
		return false;
	do {
		stack_walk(registers, have, pieces, WALK_WITH_LIBUNWIND, walk);
	} while (walk->end == WALK_NEEDS_MORE && pieces_extend(pieces, walk->needs));
	if (pieces[0].high - pieces[0].low > KEEP_BYTES)
		sys_call3(SYS_madvise, (long)buffers, PIECE_BYTES, MADV_DONTNEED);
	return true;
}

bool frozen_walk(const struct registers *registers, unsigned have, const struct frozen_start *start,
	struct frozen *frozen)
{
	uintptr_t frames[DUMP_FRAMES_MAX + OWN_FRAMES];
	struct walk walk = {
		.frames = frames, .room = DUMP_FRAMES_MAX + OWN_FRAMES, .trail = &frozen->trail};
	if (!walk_copied(registers, have, start, &walk))
		return false;
	frames_keep(frozen, &walk);
	return true;
}

uintptr_t frozen_place(const struct registers *registers, unsigned have, uintptr_t address)
{
	uintptr_t frames[DUMP_FRAMES_MAX + OWN_FRAMES], ends[DUMP_FRAMES_MAX + OWN_FRAMES];
	struct walk walk = {.frames = frames, .ends = ends, .room = DUMP_FRAMES_MAX + OWN_FRAMES};
	if (!walk_copied(registers, have, NULL, &walk))
		return 0;
	for (unsigned i = 0; i + 1 < walk.count; i++)
		if (address < ends[i])
			return address_is_own(frames[i] - 1) ? 0 : frames[i];
	return 0;
}

void frozen_forget(void)
{
	buffers = NULL;
}
