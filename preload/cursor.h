/*
 * cursor.h - reads numbers of DWARF one after the other, within an image and within a limit.
 *
 * Whatever the bytes say: past the limit, past the image, or where the kernel gives no more, a cursor
 * has failed and reads zeros. Look at failed before believing what was read. No allocation, no lock.
 */
#ifndef LEAKWATCH_CURSOR_H
#define LEAKWATCH_CURSOR_H

#include "preload/image.h"

#include <stdbool.h>
#include <stdint.h>

/* Pointer encodings (LSB, "DWARF Exception Header Encoding"). */
enum {
	ENC_FORMAT = 0x0f,
	ENC_ABSPTR = 0x00,
	ENC_UDATA4 = 0x03,
	ENC_UDATA8 = 0x04,
	ENC_SDATA4 = 0x0b,
	ENC_SDATA8 = 0x0c,
	ENC_PCREL = 0x10,
	ENC_TABLE = 0x3b, /* datarel sdata4: the only sorted table that linkers write */
	ENC_INDIRECT = 0x80,
};

#define REFILL_BYTES 256

/* Never copied: the window of one that reads through the kernel is its own refill. */
struct cursor {
	const struct cfi_image *image;
	uintptr_t at, end;
	const unsigned char *window; /* bytes of addresses window_low to window_high */
	uintptr_t window_low, window_high;
	bool failed;
	unsigned char refill[REFILL_BYTES];
};

/* Opens at an address for so many bytes, cut at the end of the image. */
void cursor_open(
	struct cursor *cursor, const struct cfi_image *image, uintptr_t at, uintptr_t bytes);

/* Opens another over what is left of one. */
void cursor_rest(struct cursor *rest, const struct cursor *cursor);

/* Whether there is a next byte. */
static inline bool cursor_more(const struct cursor *cursor)
{
	return !cursor->failed && cursor->at < cursor->end;
}

unsigned cursor_byte(struct cursor *cursor);
uint64_t cursor_number(struct cursor *cursor, unsigned bytes); /* little-endian, at most 8 bytes */
int64_t cursor_s32(struct cursor *cursor);
uint64_t cursor_uleb(struct cursor *cursor);
int64_t cursor_sleb(struct cursor *cursor);
void cursor_skip(struct cursor *cursor, uint64_t bytes);

/* An address in one of the encodings that encoding_known() says yes to. */
uintptr_t cursor_pointer(struct cursor *cursor, unsigned encoding);
bool encoding_known(unsigned encoding);

/* How many bytes an encoding takes; 0 for one of variable length or none. */
unsigned encoded_bytes(unsigned encoding);

#endif
