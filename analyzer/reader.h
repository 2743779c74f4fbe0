/*
 * reader.h - the bytes of a dump -> struct dump.
 *
 * The reader is strict: what the format does not allow is refused with the line and the reason, so that
 * a damaged file is never half believed. What a newer writer may add (header lines and keys, columns,
 * sections, words) is skipped.
 */
#ifndef LEAKWATCH_READER_H
#define LEAKWATCH_READER_H

#include "analyzer/dump.h"

#define COMPLAINT_BYTES 512

/* Why something could not be used: one line, without newline, "FILE:LINE: reason" or "FILE: reason". */
struct complaint {
	char words[COMPLAINT_BYTES];
};

/*
 * Reads a dump. file is the name for messages and for dump->file; it is copied, as the bytes are. On
 * success 0, and *dump is the caller's, until dump_free(). On failure -1, *dump is NULL and complaint
 * says why.
 */
int reader_read(const char *file, const char *bytes, size_t size, struct dump **dump,
	struct complaint *complaint);

/* The same with the content of a file; "-" is standard input, and may be a pipe. */
int reader_read_file(const char *file, struct dump **dump, struct complaint *complaint);

void dump_free(struct dump *dump); /* NULL is allowed */

#endif
