/*
 * view.h - stack memory to unwind from: a thread's own live stack, or a copy of another's.
 */
#ifndef LEAKWATCH_VIEW_H
#define LEAKWATCH_VIEW_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/*
 * Stack memory from address low up to high: the byte at address A is bytes[A - low]. For a thread's
 * own stack, bytes is (const unsigned char *)low. The bytes must stay readable while the view is used.
 *
 * next is a further piece, NULL for none: a signal handler on an alternate stack interrupted a frame
 * that lies elsewhere. Pieces may not overlap.
 */
struct stack_view {
	const unsigned char *bytes;
	uintptr_t low, high;
	const struct stack_view *next;
};

/* The piece that holds bytes at address; NULL if none does. */
static inline const struct stack_view *view_piece(
	const struct stack_view *view, uintptr_t address, size_t bytes)
{
	for (; view; view = view->next)
		if (address >= view->low && address < view->high && view->high - address >= bytes)
			return view;
	return NULL;
}

/* The word at address, which need not be aligned. False where no piece holds all of it. */
static inline bool view_word(const struct stack_view *view, uintptr_t address, uint64_t *word)
{
	view = view_piece(view, address, sizeof(*word));
	if (!view)
		return false;
	memcpy(word, view->bytes + (address - view->low), sizeof(*word));
	return true;
}

#endif
