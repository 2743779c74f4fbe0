/*
 * percent.h - text values of dumps, file names and the control protocol (docs/dump-format.md,
 * "Conventions"): bytes outside ! to ~, and %, as % and two upper-case hexadecimal digits.
 */
#ifndef LEAKWATCH_PERCENT_H
#define LEAKWATCH_PERCENT_H

#include <stddef.h>

/* Decodes TEXT to OUT, which has room for SIZE bytes; OUT may be TEXT. A lone % is the empty text.
 * Returns 0, or -1 when TEXT is malformed, would hold a NUL, or does not fit. */
int percent_decode(const char *text, char *out, size_t size);

/* Replaces every control byte of TEXT by '?', in place: a thread may bear any name, and a terminal
 * obeys some of them. Returns TEXT. */
char *percent_printable(char *text);

#endif
