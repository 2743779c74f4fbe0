/*
 * symbols_table.c - symbols from a text file, so that tests of reports need no debug information.
 *
 * One frame a line: MODULE+0xOFFSET FUNCTION[+0xDISTANCE] FILE LINE [inlined]. MODULE is the last part of the module's
 * path, OFFSET is that of the call (one less than the return address). Values are percent-encoded as in dumps,
 * "-" is not known. Frames of one place stand in order, innermost first. Empty lines and lines that begin with # are passed over.
 */
#include "analyzer/symbols.h"
#include "analyzer/demangle.h"
#include "analyzer/table.h"
#include "analyzer/values.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct symbol_table {
	struct symbol_source source; /* first: what the caller holds */
	struct pool *pool;
	struct table *places; /* "MODULE+0xOFFSET" -> struct named_place */
};

struct named_place {
	struct rows symbols;
	struct measured entry_distance;
};

struct table_line {
	const char *function, *file;
	struct measured line;
};

static const struct field table_fields[] = {
	{"function", VALUE_TEXT, offsetof(struct table_line, function)},
	{"file", VALUE_TEXT, offsetof(struct table_line, file)},
	{"line", VALUE_NUMBER, offsetof(struct table_line, line)},
};

static struct symbol_list table_look_up(
	struct symbol_source *source, struct pool *pool, const struct place *place)
{
	struct symbol_table *table = (struct symbol_table *)source;
	const char *key = pool_print(
		pool, "%s+0x%lx", place_module_name(place), (unsigned long)place->offset);
	const struct named_place *named = table_find(table->places, key, strlen(key));
	if (!named)
		return (struct symbol_list){.count = 0};
	return (struct symbol_list){
		named->symbols.items, (unsigned)named->symbols.count, named->entry_distance};
}

static void table_close(struct symbol_source *source)
{
	struct symbol_table *table = (struct symbol_table *)source;
	table_free(table->places);
	pool_free(table->pool);
}

static struct named_place *place_named(struct symbol_table *table, const char *key)
{
	void **slot = table_slot(table->places, key, strlen(key));
	if (!*slot) {
		struct named_place *named = pool_alloc(table->pool, sizeof(*named));
		named->symbols.item_bytes = sizeof(struct symbol);
		*slot = named;
	}
	return *slot;
}

static void distance_cut(char *function, struct measured *distance)
{
	char *plus = strrchr(function, '+');
	if (plus && value_address(plus + 1, &distance->value)) {
		distance->known = true;
		*plus = '\0';
	}
}

/* NULL, or what is wrong with the line. */
static const char *table_add(struct symbol_table *table, char *text)
{
	struct table_line line = {0};
	struct measured distance = {0};
	char *key = value_next(&text);
	for (size_t i = 0; i < 3; i++) {
		char *value = value_next(&text);
		if (!value)
			return "too few values";
		if (!i)
			distance_cut(value, &distance);
		const char *wrong = value_set(&line, &table_fields[i], value);
		if (wrong)
			return wrong;
	}
	struct named_place *named = place_named(table, key);
	struct symbol *symbol = rows_add(&named->symbols, table->pool);
	symbol->function = line.function ? demangle(table->pool, line.function) : NULL;
	symbol->file = line.file ? pool_text(table->pool, line.file) : NULL;
	symbol->line = (unsigned)line.line.value;
	symbol->inlined = text && !strcmp(text, "inlined");
	if (distance.known)
		named->entry_distance = distance;
	return NULL;
}

static int table_read(
	struct symbol_table *table, FILE *stream, const char *file, struct complaint *complaint)
{
	char *line = NULL;
	size_t room = 0;
	const char *wrong = NULL;
	for (unsigned number = 1; !wrong && getline(&line, &room, stream) >= 0; number++) {
		line[strcspn(line, "\n")] = '\0';
		if (!*line || *line == '#')
			continue;
		wrong = table_add(table, line);
		if (wrong)
			snprintf(complaint->words, COMPLAINT_BYTES, "%.300s:%u: %s", file, number,
				wrong);
	}
	free(line);
	return wrong ? -1 : 0;
}

struct symbol_source *symbols_table_open(const char *file, struct complaint *complaint)
{
	FILE *stream = fopen(file, "re");
	if (!stream) {
		snprintf(complaint->words, COMPLAINT_BYTES, "%.300s: cannot open it: %s", file,
			strerror(errno));
		return NULL;
	}
	struct pool *pool = pool_new();
	struct symbol_table *table = pool_alloc(pool, sizeof(*table));
	*table = (struct symbol_table){{table_look_up, table_close}, pool, table_new()};
	int result = table_read(table, stream, file, complaint);
	fclose(stream);
	if (!result)
		return &table->source;
	table_close(&table->source);
	return NULL;
}
