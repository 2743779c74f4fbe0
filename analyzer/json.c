/*
 * json.c - a JSON emitter: commas, indents and escapes in one place.
 */
#include "analyzer/json.h"
#include "analyzer/say.h"
#include "analyzer/utf8.h"

/* NULL for a character that stands for itself. */
static const char *escape_of(const char *text, size_t length, char room[8])
{
	unsigned char byte = (unsigned char)*text;
	if (!length)
		return "\\ufffd";
	if (byte == '"' || byte == '\\')
		snprintf(room, 8, "\\%c", byte);
	else if (byte < ' ' || byte == 0x7f)
		snprintf(room, 8, "\\u%04x", byte);
	else
		return NULL;
	return room;
}

/* What needs no escape is written at once: reports are mostly that. */
static void text_write(struct json *json, const char *text)
{
	const char *plain = text;
	char room[8];
	fputc('"', json->out);
	while (*text) {
		size_t length = utf8_length(text);
		const char *escape = escape_of(text, length, room);
		if (escape) {
			fwrite(plain, 1, (size_t)(text - plain), json->out);
			fputs(escape, json->out);
		}
		text += length ? length : 1;
		plain = escape ? text : plain;
	}
	fwrite(plain, 1, (size_t)(text - plain), json->out);
	fputc('"', json->out);
}

static void line_begin(struct json *json)
{
	fprintf(json->out, "\n%*s", (int)json->depth, "");
}

static void name_write(struct json *json, const char *name)
{
	if (json->begun[json->depth])
		fputc(',', json->out);
	if (json->depth)
		line_begin(json);
	json->begun[json->depth] = true;
	if (!name)
		return;
	text_write(json, name);
	fputs(": ", json->out);
}

static void bracket_open(struct json *json, const char *name, char bracket)
{
	name_write(json, name);
	fputc(bracket, json->out);
	if (++json->depth == JSON_DEPTH_MAX)
		bug("JSON nested too deep");
	json->begun[json->depth] = false;
}

static void bracket_close(struct json *json, char bracket)
{
	bool begun = json->begun[json->depth--];
	if (begun)
		line_begin(json);
	fputc(bracket, json->out);
	if (!json->depth)
		fputc('\n', json->out);
}

void json_object(struct json *json, const char *name)
{
	bracket_open(json, name, '{');
}

void json_object_end(struct json *json)
{
	bracket_close(json, '}');
}

void json_list(struct json *json, const char *name)
{
	bracket_open(json, name, '[');
}

void json_list_end(struct json *json)
{
	bracket_close(json, ']');
}

void json_null(struct json *json, const char *name)
{
	name_write(json, name);
	fputs("null", json->out);
}

void json_text(struct json *json, const char *name, const char *text)
{
	if (!text) {
		json_null(json, name);
		return;
	}
	name_write(json, name);
	text_write(json, text);
}

void json_hex(struct json *json, const char *name, uint64_t number)
{
	name_write(json, name);
	fprintf(json->out, "\"0x%lx\"", (unsigned long)number);
}

void json_number(struct json *json, const char *name, uint64_t number)
{
	name_write(json, name);
	fprintf(json->out, "%lu", (unsigned long)number);
}

void json_signed(struct json *json, const char *name, int64_t number)
{
	name_write(json, name);
	fprintf(json->out, "%ld", (long)number);
}

void json_measured(struct json *json, const char *name, struct measured number)
{
	if (number.known)
		json_number(json, name, number.value);
	else
		json_null(json, name);
}

void json_flag(struct json *json, const char *name, bool flag)
{
	name_write(json, name);
	fputs(flag ? "true" : "false", json->out);
}

void json_measured_flag(struct json *json, const char *name, struct measured flag)
{
	if (flag.known)
		json_flag(json, name, flag.value);
	else
		json_null(json, name);
}
