/*
 * utf8.h - which bytes of a text are UTF-8, and texts that are safe to print.
 */
#ifndef LEAKWATCH_UTF8_H
#define LEAKWATCH_UTF8_H

#include "analyzer/memory.h"

/* Bytes of the character at text (1 to 4); 0 if there is none: end of the text, or not UTF-8
 * (overlong forms, surrogates and values above 10FFFF are not). */
size_t utf8_length(const char *text);

/* Characters of the text; each byte that is not UTF-8 counts as one. */
size_t utf8_count(const char *text);

/* The text, with \xNN for each control byte and each byte that is not UTF-8, so that a thread's name
 * cannot break a line or drive a terminal. Lives as long as text and pool. */
const char *utf8_printable(struct pool *pool, const char *text);

#endif
