/*
 * values.h - the values of a dump's lines: numbers, addresses, texts and stacks; and fields, which say
 * where in a record a named value goes.
 */
#ifndef LEAKWATCH_VALUES_H
#define LEAKWATCH_VALUES_H

#include "analyzer/dump.h"
#include "analyzer/memory.h"

enum value_type {
	VALUE_NUMBER, /* struct measured; decimal */
	VALUE_FLAG, /* struct measured; 0 or 1 */
	VALUE_ADDRESS, /* struct measured; 0x and lower-case hexadecimal */
	VALUE_TEXT, /* const char *; percent-encoded in the dump */
	VALUE_STACK, /* struct stack; "@ 0x... 0x...", only as the last column */
};

/* A named value and the offset of its member. */
struct field {
	const char *name;
	enum value_type type;
	size_t offset;
};

/* "0x" and 1 to 16 lower-case hexadecimal digits. */
bool value_address(const char *text, uint64_t *address);

/* Sets the field of a record from text, which may be changed and must live as long as the record. "-"
 * leaves the field absent. Not for VALUE_STACK. NULL, or what is wrong with it ("bad number"). */
const char *value_set(void *record, const struct field *field, char *text);

/* The addresses after "@", which may be none. NULL, or what is wrong. text is changed. */
const char *value_stack(char *text, struct pool *pool, struct stack *stack);

/* Cuts the next word off *text at a space; NULL at the end. Two spaces in a row give an empty word. */
char *value_next(char **text);

#endif
