/*
 * lines.h - one dump's bytes, line by line, with the checks that hold for every line.
 *
 * Lines are terminated in place, so the buffer is the cursor's; the texts stay valid as long as it
 * does. After a failure the cursor is not used again.
 */
#ifndef LEAKWATCH_LINES_H
#define LEAKWATCH_LINES_H

#include "analyzer/reader.h"

struct lines {
	const char *file;
	char *at, *end; /* what is still to be read; *end is '\0' */
	unsigned number; /* of the current line, from 1 */
	char *text; /* the current line, without its newline */
	size_t length;
	struct complaint *complaint;
};

/* Moves to the next line. 1; 0 at the end; -1 with a complaint for a line that is too long, not
 * ended, or holds bytes that no dump has. */
int lines_next(struct lines *lines);

/* The same within a section. 0 at its end: an empty line, which is passed over, or the next title or
 * the end line, which is left for lines_next(). */
int lines_next_row(struct lines *lines);

/* Writes "FILE:LINE: reason" for the current line. Returns -1. */
int lines_refuse(struct lines *lines, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
