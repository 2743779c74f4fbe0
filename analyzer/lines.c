/*
 * lines.c - the cursor over a dump's lines. Every line is checked before anything looks at it, so
 * the rest of the reader sees short, printable, terminated text only.
 */
#include "analyzer/lines.h"
#include "preload/contract/dump.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int lines_refuse(struct lines *lines, const char *format, ...)
{
	char reason[COMPLAINT_BYTES - 100];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	snprintf(lines->complaint->words, COMPLAINT_BYTES, "%.*s:%u: %s", 80, lines->file,
		lines->number, reason);
	return -1;
}

/* Bytes above 127 pass: the memory map holds paths as the kernel prints them. */
static int line_check(struct lines *lines)
{
	if (lines->length + 1 > DUMP_LINE_MAX)
		return lines_refuse(lines,
			"a line of %zu bytes; no line of a dump is longer than %d",
			lines->length + 1, DUMP_LINE_MAX);
	for (size_t i = 0; i < lines->length; i++) {
		unsigned char byte = (unsigned char)lines->text[i];
		if (byte < ' ' || byte == 0x7f)
			return lines_refuse(lines,
				"byte 0x%02x at column %zu does not belong in a dump", byte, i + 1);
	}
	return 1;
}

int lines_next(struct lines *lines)
{
	if (lines->at == lines->end)
		return 0;
	lines->number++;
	char *newline = memchr(lines->at, '\n', (size_t)(lines->end - lines->at));
	if (!newline)
		return lines_refuse(lines, "truncated: the line has no end");
	*newline = '\0';
	lines->text = lines->at;
	lines->length = (size_t)(newline - lines->at);
	lines->at = newline + 1;
	return line_check(lines);
}

/* The buffer ends in '\0', so comparing cannot run past it. */
static bool next_starts_with(const struct lines *lines, const char *start)
{
	return !strncmp(lines->at, start, strlen(start));
}

int lines_next_row(struct lines *lines)
{
	if (next_starts_with(lines, "--- ") || next_starts_with(lines, DUMP_END))
		return 0;
	int got = lines_next(lines);
	return got == 1 && !lines->length ? 0 : got;
}
