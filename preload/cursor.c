/*
 * cursor.c - every byte of an unwind table is fetched here, by cursor_byte().
 *
 * Guarantee: no byte outside of the image or the cursor's limit is read. Numbers of variable length end
 * with the bytes at hand.
 */
#include "preload/cursor.h"
#include "preload/peek.h"
#include "preload/sys.h"

void cursor_open(
	struct cursor *cursor, const struct cfi_image *image, uintptr_t at, uintptr_t bytes)
{
	cursor->image = image;
	cursor->at = at;
	cursor->failed = at < image->low || at >= image->high;
	cursor->end = !cursor->failed && bytes < image->high - at ? at + bytes : image->high;
	cursor->window = image->bytes;
	cursor->window_low = image->bytes ? image->low : 0;
	cursor->window_high = image->bytes ? image->high : 0;
}

void cursor_rest(struct cursor *rest, const struct cursor *cursor)
{
	cursor_open(rest, cursor->image, cursor->at, cursor->failed ? 0 : cursor->end - cursor->at);
	rest->failed |= cursor->failed;
}

/* Whole blocks, so that the last steps of a search in the table find their rows in the window, and no
 * block lies across two pages, of which one might be missing. */
static bool cursor_refill(struct cursor *cursor)
{
	const struct cfi_image *image = cursor->image;
	uintptr_t low = cursor->at & -(uintptr_t)REFILL_BYTES, high = low + REFILL_BYTES;
	if (image->bytes)
		return false;
	if (low < image->low)
		low = image->low;
	if (high > image->high)
		high = image->high;
	cursor->window = cursor->refill;
	cursor->window_low = low;
	cursor->window_high = low;
	if (peek(cursor->refill, low, high - low) != (long)(high - low))
		return false;
	cursor->window_high = high;
	return true;
}

/* The next byte; 0 and failed where there is none. */
unsigned cursor_byte(struct cursor *cursor)
{
	bool inside = cursor->at >= cursor->window_low && cursor->at < cursor->window_high;
	if (!cursor_more(cursor) || (!inside && !cursor_refill(cursor))) {
		cursor->failed = true;
		return 0;
	}
	return cursor->window[cursor->at++ - cursor->window_low];
}

uint64_t cursor_number(struct cursor *cursor, unsigned bytes)
{
	uint64_t number = 0;
	for (unsigned i = 0; i < bytes; i++)
		number |= (uint64_t)cursor_byte(cursor) << (8 * i);
	return number;
}

int64_t cursor_s32(struct cursor *cursor)
{
	return (int32_t)cursor_number(cursor, 4);
}

uint64_t cursor_uleb(struct cursor *cursor)
{
	uint64_t number = 0;
	unsigned byte, shift = 0;
	do {
		byte = cursor_byte(cursor);
		if (shift < 64)
			number |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	return number;
}

int64_t cursor_sleb(struct cursor *cursor)
{
	uint64_t number = 0;
	unsigned byte, shift = 0;
	do {
		byte = cursor_byte(cursor);
		if (shift < 64)
			number |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	if (shift < 64 && (byte & 0x40))
		number |= ~(uint64_t)0 << shift;
	return (int64_t)number;
}

void cursor_skip(struct cursor *cursor, uint64_t bytes)
{
	if (cursor->failed || bytes > cursor->end - cursor->at)
		cursor->failed = true;
	else
		cursor->at += bytes;
}

unsigned encoded_bytes(unsigned encoding)
{
	switch (encoding & ENC_FORMAT) {
	case ENC_UDATA4:
	case ENC_SDATA4:
		return 4;
	case ENC_ABSPTR:
	case ENC_UDATA8:
	case ENC_SDATA8:
		return 8;
	}
	return 0;
}

uintptr_t cursor_pointer(struct cursor *cursor, unsigned encoding)
{
	uintptr_t base = encoding & ENC_PCREL ? cursor->at : 0;
	if ((encoding & ENC_FORMAT) == ENC_SDATA4)
		return base + (uintptr_t)cursor_s32(cursor);
	return base + cursor_number(cursor, encoded_bytes(encoding));
}

bool encoding_known(unsigned encoding)
{
	return encoded_bytes(encoding) && !(encoding & ~(ENC_FORMAT | ENC_PCREL));
}
