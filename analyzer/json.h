/*
 * json.h - writes one JSON document, value by value, to a stream: RFC 8259, UTF-8, indented.
 *
 * The name is NULL for the items of a list and for the outermost value. Bytes of a text that are not
 * UTF-8 become U+FFFD. Objects and lists may be nested JSON_DEPTH_MAX deep.
 */
#ifndef LEAKWATCH_JSON_H
#define LEAKWATCH_JSON_H

#include "analyzer/dump.h"

#include <stdio.h>

#define JSON_DEPTH_MAX 16

struct json {
	FILE *out;
	unsigned depth;
	bool begun[JSON_DEPTH_MAX]; /* something was written at this depth */
};

void json_object(struct json *json, const char *name);
void json_object_end(struct json *json);
void json_list(struct json *json, const char *name);
void json_list_end(struct json *json);

void json_text(struct json *json, const char *name, const char *text); /* NULL: null */
void json_hex(struct json *json, const char *name, uint64_t number); /* "0x1f" */
void json_number(struct json *json, const char *name, uint64_t number);
void json_signed(struct json *json, const char *name, int64_t number);
void json_measured(struct json *json, const char *name, struct measured number); /* or null */
void json_flag(struct json *json, const char *name, bool flag);
void json_measured_flag(struct json *json, const char *name, struct measured flag); /* or null */
void json_null(struct json *json, const char *name);

#endif
