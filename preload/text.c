/*
 * text.c - numbers and strings into a buffer that doubles.
 */
#include "preload/text.h"
#include "preload/arena.h"

#include <string.h>

#define ROOM_FIRST ((size_t)256 << 10)
#define DIGITS	   20

static const char hex_digits[] = "0123456789abcdef";

/* Room for bytes more; NULL when there is none to be had. */
static char *text_room(struct text *text, size_t bytes)
{
	if (text->room - text->count >= bytes)
		return text->bytes + text->count;
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

static void text_put_bytes(struct text *text, const char *bytes, size_t count)
{
	char *to = text_room(text, count);
	if (!to)
		return;
	memcpy(to, bytes, count);
	text->count += count;
}

void text_put(struct text *text, const char *string)
{
	text_put_bytes(text, string, strlen(string));
}

/* Writes the digits backwards from end; returns where they begin. */
static char *digits_put(char *end, uint64_t number)
{
	do {
		*--end = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	return end;
}

void text_put_u64(struct text *text, uint64_t number)
{
	char digits[DIGITS], *end = digits + DIGITS, *start = digits_put(end, number);
	text_put_bytes(text, start, (size_t)(end - start));
}

void text_put_hex(struct text *text, uint64_t number)
{
	char digits[2 + 16], *end = digits + sizeof digits, *at = end;
	do {
		*--at = hex_digits[number & 15];
		number >>= 4;
	} while (number);
	*--at = 'x';
	*--at = '0';
	text_put_bytes(text, at, (size_t)(end - at));
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
	char digits[DIGITS], *end = digits + DIGITS, *start = digits_put(end, number);
	memcpy(to, start, (size_t)(end - start));
	to += end - start;
	*to = '\0';
	return to;
}
