/*
 * utf8.c - Unicode 15, table 3-7: well-formed UTF-8 byte sequences.
 */
#include "analyzer/utf8.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool byte_between(char byte, unsigned low, unsigned high)
{
	return (unsigned char)byte >= low && (unsigned char)byte <= high;
}

static size_t utf8_length_of_3(const char *text)
{
	unsigned char first = (unsigned char)text[0];
	unsigned low = first == 0xe0 ? 0xa0 : 0x80;
	unsigned high = first == 0xed ? 0x9f : 0xbf;
	return byte_between(text[1], low, high) && byte_between(text[2], 0x80, 0xbf) ? 3 : 0;
}

static size_t utf8_length_of_4(const char *text)
{
	unsigned char first = (unsigned char)text[0];
	unsigned low = first == 0xf0 ? 0x90 : 0x80;
	unsigned high = first == 0xf4 ? 0x8f : 0xbf;
	return byte_between(text[1], low, high) && byte_between(text[2], 0x80, 0xbf) &&
			       byte_between(text[3], 0x80, 0xbf)
		       ? 4
		       : 0;
}

size_t utf8_length(const char *text)
{
	if (byte_between(text[0], 0x01, 0x7f))
		return 1;
	if (byte_between(text[0], 0xc2, 0xdf))
		return byte_between(text[1], 0x80, 0xbf) ? 2 : 0;
	if (byte_between(text[0], 0xe0, 0xef))
		return utf8_length_of_3(text);
	return byte_between(text[0], 0xf0, 0xf4) ? utf8_length_of_4(text) : 0;
}

size_t utf8_count(const char *text)
{
	size_t count = 0;
	while (*text) {
		size_t length = utf8_length(text);
		text += length ? length : 1;
		count++;
	}
	return count;
}

/* C1 controls (U+0080 to U+009F) drive some terminals as ESC does. */
static bool prints(const char *text, size_t length)
{
	if (length == 1)
		return byte_between(*text, 0x20, 0x7e);
	return length > 1 && !(length == 2 && *text == '\xc2' && byte_between(text[1], 0x80, 0x9f));
}

static const char *first_unprintable(const char *text)
{
	while (*text) {
		size_t length = utf8_length(text);
		if (!prints(text, length))
			break;
		text += length;
	}
	return text;
}

const char *utf8_printable(struct pool *pool, const char *text)
{
	if (!*first_unprintable(text))
		return text;
	char *copy = pool_alloc(pool, 4 * strlen(text) + 1);
	char *to = copy;
	while (*text) {
		size_t length = utf8_length(text);
		if (prints(text, length)) {
			memcpy(to, text, length);
			to += length;
			text += length;
			continue;
		}
		to += sprintf(to, "\\x%02x", (unsigned char)*text++);
	}
	return copy;
}
