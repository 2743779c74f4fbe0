/*
 * text.c - numbers and strings into a buffer that doubles.
 */
#include "preload/text.h"
#include "preload/arena.h"
#include "preload/contract/dump.h"

#include <string.h>

#define ROOM_FIRST ((size_t)256 << 10)

static const char hex_digits[] = "0123456789abcdef";

/* Makes room for bytes more; NULL when there is none to be had. */
static __attribute__((noinline)) char *text_grow(struct text *text, size_t bytes)
{
	size_t room = text->room ? text->room * 2 : ROOM_FIRST;
	while (room - text->count < bytes)
		room *= 2;
	char *grown = text->failed ? NULL : arena_map(room);
	if (!grown) {
		text->failed = true;
		return NULL;
	}
	if (text->bytes) {
		memcpy(grown, text->bytes, text->count);
		arena_unmap(text->bytes, text->room);
	}
	text->bytes = grown;
	text->room = room;
	return grown + text->count;
}

/* Where to write bytes more, which are counted already. */
static inline char *text_room(struct text *text, size_t bytes)
{
	if (__builtin_expect(text->room - text->count < bytes, 0) && !text_grow(text, bytes))
		return NULL;
	char *to = text->bytes + text->count;
	text->count += bytes;
	return to;
}

static inline void text_put_bytes(struct text *text, const char *bytes, size_t count)
{
	char *to = text_room(text, count);
	/* Most are a few bytes: a call would cost more than the copy. */
	for (size_t i = 0; to && i < count; i++)
		to[i] = bytes[i];
}

void text_put(struct text *text, const char *string)
{
	text_put_bytes(text, string, strlen(string));
}

/* From the number's length in bits, which is a digit too much just below a power of ten. */
static unsigned digits_count(uint64_t number)
{
	static const uint64_t powers[] = {0, 10, 100, 1000, 10000, 100000, 1000000, 10000000,
		100000000, 1000000000, 10000000000, 100000000000, 1000000000000, 10000000000000,
		100000000000000, 1000000000000000, 10000000000000000, 100000000000000000,
		1000000000000000000, 10000000000000000000u};
	unsigned bits = 64 - (unsigned)__builtin_clzll(number | 1);
	unsigned most = bits * 1233 >> 12; /* times log10(2) */
	return most + (number >= powers[most]);
}

/* All pairs of digits. */
static const char pairs[] =
	"00010203040506070809101112131415161718192021222324252627282930313233343536373839"
	"40414243444546474849505152535455565758596061626364656667686970717273747576777879"
	"8081828384858687888990919293949596979899";

/* Writes the last digits of number into [to, to + count). */
static void digits_put(char *to, unsigned count, uint64_t number)
{
	for (; count >= 2; number /= 100) {
		count -= 2;
		memcpy(to + count, pairs + 2 * (number % 100), 2);
	}
	if (count)
		*to = (char)('0' + number % 10);
}

void text_put_u64(struct text *text, uint64_t number)
{
	unsigned count = digits_count(number);
	char *to = text_room(text, count);
	if (to)
		digits_put(to, count, number);
}

static unsigned hex_digits_count(uint64_t number)
{
	return number ? (67 - (unsigned)__builtin_clzll(number)) / 4 : 1;
}

static char *hex_put(char *to, unsigned count, uint64_t number)
{
	to[0] = '0';
	to[1] = 'x';
	for (unsigned at = count; at; at--, number >>= 4)
		to[1 + at] = hex_digits[number & 15];
	return to + 2 + count;
}

void text_put_hex(struct text *text, uint64_t number)
{
	unsigned count = hex_digits_count(number);
	char *to = text_room(text, 2 + count);
	if (to)
		hex_put(to, count, number);
}

char *text_copy_hex(char *to, uint64_t number)
{
	char *end = hex_put(to, hex_digits_count(number), number);
	*end = '\0';
	return end;
}

void text_put_hex_bytes(struct text *text, const unsigned char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char pair[2] = {hex_digits[bytes[i] >> 4], hex_digits[bytes[i] & 15]};
		text_put_bytes(text, pair, sizeof pair);
	}
}

void text_put_percent(struct text *text, const char *string)
{
	if (!*string)
		text_put(text, "%");
	if (strcmp(string, DUMP_ABSENT) == 0) {
		text_put(text, "%2D");
		return;
	}
	for (; *string; string++) {
		unsigned char byte = (unsigned char)*string;
		if (byte > ' ' && byte <= '~' && byte != '%') {
			text_put_bytes(text, string, 1);
			continue;
		}
		static const char upper[] = "0123456789ABCDEF";
		char triple[3] = {'%', upper[byte >> 4], upper[byte & 15]};
		text_put_bytes(text, triple, sizeof triple);
	}
}

char *text_open(struct text *text, size_t most)
{
	if (text->room - text->count >= most)
		return text->bytes + text->count;
	char *to = text_grow(text, most);
	if (to)
		arena_populate(to, most);
	return to;
}

void text_close(struct text *text, const char *end)
{
	text->count = (size_t)(end - text->bytes);
}

void text_repeat(struct text *text, size_t from, size_t bytes)
{
	char *to = text_room(text, bytes);
	if (to)
		memcpy(to, text->bytes + from, bytes);
}

void text_newline(struct text *text)
{
	text_put_bytes(text, "\n", 1);
	text->lines++;
}

void text_clear(struct text *text)
{
	text->count = 0;
	text->lines = 0;
	text->failed = false;
}

void text_free(struct text *text)
{
	if (text->bytes)
		arena_unmap(text->bytes, text->room);
	*text = (struct text){0};
}

char *text_copy(char *to, const char *string)
{
	size_t count = strlen(string);
	memcpy(to, string, count + 1);
	return to + count;
}

char *text_copy_u64(char *to, uint64_t number)
{
	unsigned count = digits_count(number);
	digits_put(to, count, number);
	to[count] = '\0';
	return to + count;
}
