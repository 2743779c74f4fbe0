/*
 * reader.c - a dump's lines -> records.
 *
 * layout.c says what stands where; the code here walks lines and hands each value to values.c. The
 * references between records are made last, by links.c.
 *
 * It refuses: other files, newer versions, files without their end line or with another count of
 * lines, values that do not parse, rows that do not fit their columns line, sections twice,
 * references to nothing, and totals that do not add up. It allocates in proportion to the file only.
 */
#include "analyzer/reader.h"
#include "analyzer/layout.h"
#include "analyzer/lines.h"
#include "analyzer/links.h"
#include "analyzer/number.h"
#include "analyzer/say.h"
#include "preload/contract/dump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COLUMNS_MAX  64
#define SECTIONS_MAX 16

/* --- one reading ---------------------------------------------------------------------------------- */

struct reader {
	struct lines lines;
	struct dump *dump;
	struct rows groups;
	struct measured total; /* of the profile line */
	struct stack sample; /* read, and not yet claimed by its group line */
	uint64_t sample_count;
	bool sample_waits;
	const struct section_layout *seen[SECTIONS_MAX]; /* NULL behind the last */
};

static bool starts_with(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

/* "key=value key=value ..." into record. */
static int read_pairs(struct reader *reader, const struct header_layout *layout, void *record)
{
	char *text = reader->lines.text + strlen(layout->start);
	char *word;
	while ((word = value_next(&text))) {
		char *equals = strchr(word, '=');
		if (!equals)
			return lines_refuse(&reader->lines, "'%.40s' is not key=value", word);
		*equals = '\0';
		const struct field *field = layout_field(layout->fields, layout->field_count, word);
		const char *wrong = field ? value_set(record, field, equals + 1) : NULL;
		if (wrong)
			return lines_refuse(
				&reader->lines, "%s in %s: '%.40s'", wrong, word, equals + 1);
	}
	return 0;
}

/* A comment that is no header line is passed over: a newer writer may say more. */
static int read_header(struct reader *reader)
{
	const struct header_layout *layout = layout_of_header(reader->lines.text);
	return layout ? read_pairs(reader, layout, reader->dump) : 0;
}

static int read_total(struct reader *reader)
{
	const char *start = "thread profile: total ";
	struct lines *lines = &reader->lines;
	if (!starts_with(lines->text, start))
		return lines_refuse(lines, "unexpected line: '%.40s'", lines->text);
	if (reader->total.known)
		return lines_refuse(lines, "a second 'thread profile' line");
	if (number_parse(lines->text + strlen(start), UINT64_MAX, &reader->total.value) < 0)
		return lines_refuse(
			lines, "bad number in total: '%.40s'", lines->text + strlen(start));
	reader->total.known = true;
	return 0;
}

/* "COUNT @ 0x... 0x..." */
static int read_sample(struct reader *reader)
{
	struct lines *lines = &reader->lines;
	char *text = lines->text;
	char *count = value_next(&text);
	if (!reader->total.known)
		return lines_refuse(lines, "a stack before the 'thread profile' line");
	if (reader->sample_waits)
		return lines_refuse(lines, "the stack before this line has no '# group=' line");
	if (number_parse(count, UINT64_MAX, &reader->sample_count) < 0)
		return lines_refuse(lines, "bad number in count: '%.40s'", count);
	if (!text)
		return lines_refuse(lines, "no '@' in the stack");
	const char *wrong = value_stack(text, reader->dump->pool, &reader->sample);
	if (wrong)
		return lines_refuse(lines, "%s in the stack", wrong);
	if (!reader->sample.depth)
		return lines_refuse(lines, "a stack without frames");
	reader->sample_waits = true;
	return 0;
}

static int group_check(struct reader *reader, const struct dump_group *group)
{
	struct lines *lines = &reader->lines;
	if (!reader->total.known)
		return lines_refuse(lines, "a group before the 'thread profile' line");
	if (!group->number.known || group->number.value != reader->groups.count)
		return lines_refuse(lines, "group %lu where group %zu was expected",
			(unsigned long)group->number.value, reader->groups.count);
	if (!group->count.known || group->count.value > DUMP_THREADS_MAX)
		return lines_refuse(lines, "no group has that many threads: count=%lu",
			(unsigned long)group->count.value);
	if (!group->wait)
		return lines_refuse(lines, "a group without wait");
	if (reader->sample_waits && reader->sample_count != group->count.value)
		return lines_refuse(lines, "count=%lu, but the stack above says %lu",
			(unsigned long)group->count.value, (unsigned long)reader->sample_count);
	return 0;
}

static int read_group(struct reader *reader)
{
	struct dump_group *group = rows_add(&reader->groups, reader->dump->pool);
	group->line = reader->lines.number;
	if (read_pairs(reader, &layout_of_group, group) || group_check(reader, group))
		return -1;
	if (reader->sample_waits)
		group->stack = reader->sample;
	reader->sample_waits = false;
	return 0;
}

/* --- sections ------------------------------------------------------------------------------------- */

struct columns {
	const struct field *field[COLUMNS_MAX]; /* NULL: a column that this reader does not know */
	char *name[COLUMNS_MAX];
	size_t count;
};

static int column_add(struct reader *reader, const struct section_layout *section,
	struct columns *columns, char *name)
{
	const struct field *field = layout_field(section->fields, section->field_count, name);
	if (columns->count == COLUMNS_MAX)
		return lines_refuse(&reader->lines, "more than %d columns", COLUMNS_MAX);
	for (size_t i = 0; i < columns->count; i++)
		if (!strcmp(columns->name[i], name))
			return lines_refuse(&reader->lines, "column %.40s is named twice", name);
	if (columns->count && columns->field[columns->count - 1] &&
		columns->field[columns->count - 1]->type == VALUE_STACK)
		return lines_refuse(&reader->lines, "column %.40s behind the stack", name);
	columns->field[columns->count] = field;
	columns->name[columns->count++] = name;
	return 0;
}

static int read_columns(
	struct reader *reader, const struct section_layout *section, struct columns *columns)
{
	int got = lines_next_row(&reader->lines);
	if (got < 0)
		return -1;
	if (!got || !starts_with(reader->lines.text, "columns "))
		return lines_refuse(
			&reader->lines, "no 'columns' line behind '%s'", section->title);
	char *text = reader->lines.text + strlen("columns ");
	char *name;
	while ((name = value_next(&text)))
		if (column_add(reader, section, columns, name))
			return -1;
	return 0;
}

/* Passes over a column that this reader does not know. */
static int value_read(
	struct reader *reader, const struct field *field, char *name, char **text, void *record)
{
	const char *wrong;
	if (field && field->type == VALUE_STACK) {
		struct stack *stack = (struct stack *)((char *)record + field->offset);
		wrong = value_stack(*text, reader->dump->pool, stack);
		*text = NULL;
		return wrong ? lines_refuse(&reader->lines, "%s in column %s", wrong, name) : 0;
	}
	char *value = value_next(text);
	wrong = field ? value_set(record, field, value) : NULL;
	if (wrong)
		return lines_refuse(&reader->lines, "%s in column %s: '%.40s'", wrong, name, value);
	return 0;
}

static int read_row(struct reader *reader, const struct columns *columns, void *record)
{
	char *text = reader->lines.text;
	*(unsigned *)record = reader->lines.number;
	for (size_t i = 0; i < columns->count; i++) {
		if (!text)
			return lines_refuse(
				&reader->lines, "%zu values for %zu columns", i, columns->count);
		if (value_read(reader, columns->field[i], columns->name[i], &text, record))
			return -1;
	}
	if (text)
		return lines_refuse(
			&reader->lines, "more values than the %zu columns", columns->count);
	return 0;
}

static int read_rows(struct reader *reader, const struct section_layout *section)
{
	struct columns columns = {.count = 0};
	struct rows rows = {.item_bytes = section->record_bytes};
	int got;
	if (read_columns(reader, section, &columns))
		return -1;
	while ((got = lines_next_row(&reader->lines)) > 0) {
		if (rows.count == DUMP_THREADS_MAX)
			return lines_refuse(&reader->lines, "more than %d rows", DUMP_THREADS_MAX);
		if (read_row(reader, &columns, rows_add(&rows, reader->dump->pool)))
			return -1;
	}
	section->keep(reader->dump, &rows);
	return got;
}

/* Kept as it is, for pprof. Newlines that the cursor has replaced are put back. */
static int read_map(struct reader *reader)
{
	char *start = reader->lines.at;
	char *end = start;
	int got;
	if (reader->dump->map)
		return lines_refuse(&reader->lines, "a second '%s'", DUMP_SECTION_MAP);
	while ((got = lines_next_row(&reader->lines)) > 0)
		end = reader->lines.at;
	for (char *at = start; at < end; at++)
		if (!*at)
			*at = '\n';
	reader->dump->map = start;
	reader->dump->map_bytes = (size_t)(end - start);
	return got;
}

static int skip_rows(struct reader *reader)
{
	int got;
	while ((got = lines_next_row(&reader->lines)) > 0)
		;
	return got;
}

static int section_note(struct reader *reader, const struct section_layout *section)
{
	size_t i = 0;
	for (; reader->seen[i]; i++)
		if (reader->seen[i] == section)
			return lines_refuse(&reader->lines, "a second '%s'", section->title);
	if (i == SECTIONS_MAX - 1)
		bug("more than %d sections in layout.c", SECTIONS_MAX - 1);
	reader->seen[i] = section;
	return 0;
}

static int read_section(struct reader *reader)
{
	const char *title = reader->lines.text;
	const struct section_layout *section = layout_of_section(title);
	if (!strcmp(title, DUMP_SECTION_MAP))
		return read_map(reader);
	if (!section)
		return skip_rows(reader);
	return section_note(reader, section) ? -1 : read_rows(reader, section);
}

/* --- first line, last line, and what lies between ------------------------------------------------- */

static int read_magic(struct reader *reader)
{
	struct lines *lines = &reader->lines;
	uint64_t version;
	if (lines->at == lines->end) {
		lines->number = 1;
		return lines_refuse(lines, "not a leakwatch dump: the file is empty");
	}
	if (!starts_with(lines->at, DUMP_MAGIC)) {
		lines->number = 1;
		return lines_refuse(
			lines, "not a leakwatch dump: it does not begin with '%s'", DUMP_MAGIC "1");
	}
	if (lines_next(lines) < 0)
		return -1;
	if (number_parse(lines->text + strlen(DUMP_MAGIC), UINT64_MAX, &version) < 0 || !version)
		return lines_refuse(lines, "not a leakwatch dump: bad version '%.40s'",
			lines->text + strlen(DUMP_MAGIC));
	if (version > DUMP_VERSION)
		return lines_refuse(lines,
			"version %lu of the format; this leakwatch reads up to version %d",
			(unsigned long)version, DUMP_VERSION);
	return 0;
}

static unsigned lines_count(const char *from, const char *to)
{
	unsigned count = 0;
	while ((from = memchr(from, '\n', (size_t)(to - from)))) {
		count++;
		from++;
	}
	return count;
}

/* Looked for before the lines are read: of a file that was cut, this is what a person should hear,
 * not what happens to be wrong with its last row. */
static int find_end(struct reader *reader)
{
	struct lines lines = reader->lines;
	const char *last = lines.end;
	bool ended = lines.at == lines.end || lines.end[-1] == '\n';
	while (last > lines.at && last[-1] == '\n')
		last--;
	while (last > lines.at && last[-1] != '\n')
		last--;
	if (starts_with(last, DUMP_END) && ended)
		return 0;
	/* Another end line than the last means text behind it; the walk over the lines will say so. */
	if (ended && strstr(lines.at, "\n" DUMP_END))
		return 0;
	lines.number += lines_count(lines.at, lines.end) + !ended;
	return lines_refuse(&lines, "truncated: the last line is not '%s...'", DUMP_END);
}

static int read_end(struct reader *reader)
{
	struct lines *lines = &reader->lines;
	struct end_line end = {0};
	if (read_pairs(reader, &layout_of_end, &end))
		return -1;
	if (lines->at != lines->end)
		return lines_refuse(lines, "text behind the last line");
	if (!end.lines.known || end.lines.value != lines->number)
		return lines_refuse(lines,
			"lines=%lu, but this is line %u: something is missing or added",
			(unsigned long)end.lines.value, lines->number);
	reader->dump->took_ns = end.took_ns;
	return 0;
}

static int read_line(struct reader *reader)
{
	const char *text = reader->lines.text;
	if (!*text)
		return 0;
	if (starts_with(text, "--- "))
		return read_section(reader);
	if (starts_with(text, "# group="))
		return read_group(reader);
	if (*text == '#')
		return read_header(reader);
	if (*text >= '0' && *text <= '9')
		return read_sample(reader);
	return read_total(reader);
}

static int read_body(struct reader *reader)
{
	int got;
	while ((got = lines_next(&reader->lines)) > 0) {
		if (starts_with(reader->lines.text, DUMP_END))
			return read_end(reader);
		if (read_line(reader))
			return -1;
	}
	return got ? got : lines_refuse(&reader->lines, "truncated: no line '%s...'", DUMP_END);
}

static int check_total(struct reader *reader)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < reader->dump->group_count; i++)
		sum += reader->dump->groups[i].count.value;
	if (!reader->total.known)
		return lines_refuse(&reader->lines, "no 'thread profile' line");
	if (reader->sample_waits)
		return lines_refuse(&reader->lines, "the last stack has no '# group=' line");
	if (sum != reader->total.value)
		return lines_refuse(&reader->lines, "total %lu, but the groups have %lu threads",
			(unsigned long)reader->total.value, (unsigned long)sum);
	return 0;
}

static int read_all(struct reader *reader)
{
	struct dump *dump = reader->dump;
	if (read_magic(reader) || find_end(reader) || read_body(reader))
		return -1;
	dump->groups = reader->groups.items;
	dump->group_count = reader->groups.count;
	if (check_total(reader))
		return -1;
	return links_make(&reader->lines, dump);
}

/* --- outside -------------------------------------------------------------------------------------- */

int reader_read(const char *file, const char *bytes, size_t size, struct dump **dump,
	struct complaint *complaint)
{
	struct pool *pool = pool_new();
	char *copy = pool_alloc(pool, size + 1);
	if (size)
		memcpy(copy, bytes, size);
	struct dump *new = pool_alloc(pool, sizeof(*new));
	new->pool = pool;
	new->file = pool_text(pool, file);
	struct reader reader = {
		.lines = {.file = new->file,
			.at = copy,
			.end = copy + size,
			.complaint = complaint},
		.dump = new,
		.groups = {.item_bytes = sizeof(struct dump_group)},
	};
	*dump = NULL;
	if (read_all(&reader)) {
		pool_free(pool);
		return -1;
	}
	*dump = new;
	return 0;
}

static int complain(struct complaint *complaint, const char *file, const char *attempt)
{
	snprintf(complaint->words, COMPLAINT_BYTES, "%.300s: cannot %s: %s", file, attempt,
		strerror(errno));
	return -1;
}

/* Reads to the end, as a pipe has no size. The bytes are the caller's. */
static int read_to_end(int fd, char **bytes, size_t *size)
{
	size_t room = 0;
	ssize_t got = 1;
	*bytes = NULL;
	*size = 0;
	while (got) {
		if (*size == room) {
			room = room ? 2 * room : 1 << 16;
			char *larger = realloc(*bytes, room);
			if (!larger)
				break;
			*bytes = larger;
		}
		got = read(fd, *bytes + *size, room - *size);
		if (got < 0 && errno != EINTR)
			break;
		*size += got > 0 ? (size_t)got : 0;
	}
	if (!got)
		return 0;
	free(*bytes);
	return -1;
}

int reader_read_file(const char *file, struct dump **dump, struct complaint *complaint)
{
	bool standard = !strcmp(file, "-");
	const char *name = standard ? "standard input" : file;
	char *bytes;
	size_t size;
	*dump = NULL;
	int fd = standard ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return complain(complaint, name, "open it");
	int result = read_to_end(fd, &bytes, &size);
	if (result)
		complain(complaint, name, "read it");
	if (!standard)
		close(fd);
	if (result)
		return -1;
	result = reader_read(name, bytes, size, dump, complaint);
	free(bytes);
	return result;
}

void dump_free(struct dump *dump)
{
	if (dump)
		pool_free(dump->pool);
}
