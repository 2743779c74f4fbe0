/*
 * percent.c - decodes percent-encoded text. Refuses what no writer of ours writes: lower-case digits,
 * a % without two digits behind it, an encoded NUL.
 */
#include "analyzer/percent.h"

#include <string.h>

static int digit_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

/* The byte at *text, which is moved behind it; -1 if it is malformed. */
static int next_byte(const char **text)
{
	const char *at = *text;
	if (*at != '%') {
		*text = at + 1;
		return (unsigned char)*at;
	}
	int high = digit_value(at[1]);
	int low = high < 0 ? -1 : digit_value(at[2]);
	if (low < 0)
		return -1;
	*text = at + 3;
	return high * 16 + low;
}

int percent_decode(const char *text, char *out, size_t size)
{
	size_t length = 0;
	if (strcmp(text, "%") == 0)
		text = "";
	while (*text) {
		int byte = next_byte(&text);
		if (byte <= 0 || length + 1 >= size)
			return -1;
		out[length++] = (char)byte;
	}
	if (size == 0)
		return -1;
	out[length] = '\0';
	return 0;
}

char *percent_printable(char *text)
{
	for (char *at = text; *at; at++) {
		unsigned char byte = (unsigned char)*at;
		if (byte < ' ' || byte == 0x7f)
			*at = '?';
	}
	return text;
}
