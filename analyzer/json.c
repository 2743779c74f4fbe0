/*
 * json.c - a JSON emitter: commas, indents and escapes in one place.
 */
#include "analyzer/json.h"
#include "analyzer/say.h"
#include "analyzer/utf8.h"

static void text_write(struct json *json, const char *text)
{
	fputc('"', json->out);
	while (*text) {
		size_t length = utf8_length(text);
		unsigned char byte = (unsigned char)*text;
		if (!length)
			fputs("\\ufffd", json->out);
		else if (byte == '"' || byte == '\\')
			fprintf(json->out, "\\%c", byte);
		else if (byte < ' ' || byte == 0x7f)
			fprintf(json->out, "\\u%04x", byte);
		else
			fwrite(text, 1, length, json->out);
		text += length ? length : 1;
	}
	fputc('"', json->out);
}

static void line_begin(struct json *json)
{
	fputc('\n', json->out);
	for (unsigned i = 0; i < json->depth; i++)
		fputc(' ', json->out);
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
