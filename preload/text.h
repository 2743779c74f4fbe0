/*
 * text.h - building text without stdio: a growing buffer in private memory.
 *
 * Watcher only. When memory is short the text stops growing and says so: failed is set, and whoever
 * uses the text must look at it.
 */
#ifndef LEAKWATCH_TEXT_H
#define LEAKWATCH_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *bytes; /* not terminated */
	size_t count, room;
	uint64_t lines; /* newlines in it */
	bool failed;
};

void text_put(struct text *text, const char *string);
void text_put_u64(struct text *text, uint64_t number);
void text_put_hex(struct text *text, uint64_t number); /* with 0x */
void text_put_hex_bytes(struct text *text, const unsigned char *bytes, size_t count);
void text_put_percent(
	struct text *text, const char *string); /* docs/dump-format.md, "Conventions" */
void text_newline(struct text *text);

/*
 * For rows that are written by the thousand. text_open() makes room for most bytes and returns where they go, NULL
 * when memory is short; whatever is written there counts from text_close() on, up to end. text_repeat() appends again
 * what is in the text already, from an offset on.
 */
char *text_open(struct text *text, size_t most);
void text_close(struct text *text, const char *end);
void text_repeat(struct text *text, size_t from, size_t bytes);

/* Empties it, keeping its memory; text_free() gives that back too. */
void text_clear(struct text *text);
void text_free(struct text *text);

/* Terminated small texts in the caller's memory: for paths, and for text_open(). Return the end of what they wrote; the
 * caller sees to the room. */
char *text_copy(char *to, const char *string);
char *text_copy_u64(char *to, uint64_t number);
char *text_copy_hex(char *to, uint64_t number); /* with 0x */

#endif
