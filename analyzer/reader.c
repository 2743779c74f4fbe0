/*
 * reader.c - a dump's lines -> records.
 *
 * What belongs where is in tables: header keys, the keys of a group's line, the columns of each
 * section. The code walks lines and hands each value to values.c; a new column is a new row in a table
 * and a new member in dump.h. References between records (a thread's group and creator) are
 * checked last, when all lines are read.
 *
 * It refuses: other files, newer versions, files without their end line or with another count of
 * lines, values that do not parse, rows that do not fit their columns line, sections twice,
 * references to nothing, and totals that do not add up. It allocates in proportion to the file only.
 */
#include "analyzer/reader.h"
#include "analyzer/lines.h"
#include "analyzer/number.h"
#include "analyzer/values.h"
#include "preload/contract/dump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COLUMNS_MAX  64
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* --- what goes where ------------------------------------------------------------------------------ */

#define NUMBER(type, member, word)                                                                 \
	{                                                                                          \
		word, VALUE_NUMBER, offsetof(struct type, member)                                  \
	}
#define FLAG(type, member, word)                                                                   \
	{                                                                                          \
		word, VALUE_FLAG, offsetof(struct type, member)                                    \
	}
#define ADDRESS(type, member, word)                                                                \
	{                                                                                          \
		word, VALUE_ADDRESS, offsetof(struct type, member)                                 \
	}
#define TEXT(type, member, word)                                                                   \
	{                                                                                          \
		word, VALUE_TEXT, offsetof(struct type, member)                                    \
	}
#define STACK(type, member, word)                                                                  \
	{                                                                                          \
		word, VALUE_STACK, offsetof(struct type, member)                                   \
	}

static const struct field process_fields[] = {
	NUMBER(dump, pid, "pid"),
	NUMBER(dump, start_ticks, "start_ticks"),
	NUMBER(dump, start_ns, "start_ns"),
	TEXT(dump, exe, "exe"),
	TEXT(dump, comm, "comm"),
};

static const struct field machine_fields[] = {
	TEXT(dump, arch, "arch"),
	TEXT(dump, glibc, "glibc"),
};

static const struct field dump_fields[] = {
	NUMBER(dump, sequence, "sequence"),
	NUMBER(dump, time_ns, "time_ns"),
	NUMBER(dump, uptime_ns, "uptime_ns"),
	NUMBER(dump, tick_ns, "tick_ns"),
	TEXT(dump, reason, "reason"),
	TEXT(dump, shim, "shim"),
};

static const struct field totals_fields[] = {
	NUMBER(dump, threads_total, "threads"),
	NUMBER(dump, blocked, "blocked"),
	NUMBER(dump, running, "running"),
	NUMBER(dump, unjoined_total, "unjoined"),
	NUMBER(dump, timers_total, "timers"),
	NUMBER(dump, started, "started"),
	NUMBER(dump, exited, "exited"),
};

static const struct header {
	const char *start;
	const struct field *fields;
	size_t field_count;
} headers[] = {
	{"# process ", process_fields, COUNT(process_fields)},
	{"# machine ", machine_fields, COUNT(machine_fields)},
	{"# dump ", dump_fields, COUNT(dump_fields)},
	{"# totals ", totals_fields, COUNT(totals_fields)},
};

static const struct field group_fields[] = {
	NUMBER(dump_group, number, "group"),
	NUMBER(dump_group, count, "count"),
	TEXT(dump_group, wait, "wait"),
	FLAG(dump_group, timed, "timed"),
	TEXT(dump_group, source, "source"),
	NUMBER(dump_group, guessed, "guessed"),
	FLAG(dump_group, partial, "partial"),
};

static const struct field thread_fields[] = {
	NUMBER(dump_thread, id, "id"),
	NUMBER(dump_thread, tid, "tid"),
	NUMBER(dump_thread, group, "group"),
	NUMBER(dump_thread, since_ns, "since_ns"),
	TEXT(dump_thread, object, "object"),
	NUMBER(dump_thread, waits, "waits"),
	NUMBER(dump_thread, creator, "creator"),
	ADDRESS(dump_thread, start, "start"),
	FLAG(dump_thread, detached, "detached"),
	TEXT(dump_thread, name, "name"),
};

static const struct field creator_fields[] = {
	NUMBER(dump_creator, id, "id"),
	TEXT(dump_creator, kind, "kind"),
	NUMBER(dump_creator, made, "made"),
	NUMBER(dump_creator, gone, "gone"),
	STACK(dump_creator, stack, "stack"),
};

static const struct field timer_fields[] = {
	NUMBER(dump_timer, id, "id"),
	TEXT(dump_timer, kind, "kind"),
	NUMBER(dump_timer, creator, "creator"),
	TEXT(dump_timer, object, "object"),
	NUMBER(dump_timer, since_ns, "since_ns"),
	NUMBER(dump_timer, period_ns, "period_ns"),
	NUMBER(dump_timer, overruns, "overruns"),
	TEXT(dump_timer, clock, "clock"),
	TEXT(dump_timer, notify, "notify"),
};

static const struct field unjoined_fields[] = {
	NUMBER(dump_unjoined, id, "id"),
	NUMBER(dump_unjoined, tid, "tid"),
	NUMBER(dump_unjoined, creator, "creator"),
	ADDRESS(dump_unjoined, start, "start"),
	NUMBER(dump_unjoined, since_ns, "since_ns"),
	NUMBER(dump_unjoined, stack_bytes, "stack_bytes"),
	TEXT(dump_unjoined, name, "name"),
};

static const struct field loss_fields[] = {
	TEXT(dump_loss, cause, "cause"),
	NUMBER(dump_loss, count, "count"),
};

static const struct field module_fields[] = {
	ADDRESS(dump_module, start, "start"),
	ADDRESS(dump_module, end, "end"),
	ADDRESS(dump_module, bias, "bias"),
	TEXT(dump_module, build_id, "build_id"),
	TEXT(dump_module, path, "path"),
};

struct end_line {
	struct measured lines, took_ns;
};

static const struct field end_fields[] = {
	NUMBER(end_line, lines, "lines"),
	NUMBER(end_line, took_ns, "took_ns"),
};

static void keep_threads(struct dump *dump, const struct rows *rows)
{
	dump->threads = rows->items;
	dump->thread_count = rows->count;
	dump->has_threads = true;
}

static void keep_creators(struct dump *dump, const struct rows *rows)
{
	dump->creators = rows->items;
	dump->creator_count = rows->count;
}

static void keep_timers(struct dump *dump, const struct rows *rows)
{
	dump->timers = rows->items;
	dump->timer_count = rows->count;
	dump->has_timers = true;
}

static void keep_unjoined(struct dump *dump, const struct rows *rows)
{
	dump->unjoined = rows->items;
	dump->unjoined_count = rows->count;
	dump->has_unjoined = true;
}

static void keep_losses(struct dump *dump, const struct rows *rows)
{
	dump->losses = rows->items;
	dump->loss_count = rows->count;
	dump->has_losses = true;
}

static void keep_modules(struct dump *dump, const struct rows *rows)
{
	dump->modules = rows->items;
	dump->module_count = rows->count;
}

static const struct section {
	const char *title;
	const struct field *fields;
	size_t field_count;
	size_t record_bytes;
	void (*keep)(struct dump *dump, const struct rows *rows);
} sections[] = {
	{DUMP_SECTION_THREADS, thread_fields, COUNT(thread_fields), sizeof(struct dump_thread),
		keep_threads},
	{DUMP_SECTION_CREATORS, creator_fields, COUNT(creator_fields), sizeof(struct dump_creator),
		keep_creators},
	{DUMP_SECTION_TIMERS, timer_fields, COUNT(timer_fields), sizeof(struct dump_timer),
		keep_timers},
	{DUMP_SECTION_UNJOINED, unjoined_fields, COUNT(unjoined_fields),
		sizeof(struct dump_unjoined), keep_unjoined},
	{DUMP_SECTION_LOSSES, loss_fields, COUNT(loss_fields), sizeof(struct dump_loss),
		keep_losses},
	{DUMP_SECTION_MODULES, module_fields, COUNT(module_fields), sizeof(struct dump_module),
		keep_modules},
};

/* --- one reading ---------------------------------------------------------------------------------- */

struct reader {
	struct lines lines;
	struct dump *dump;
	struct rows groups;
	struct measured total; /* of the profile line */
	struct stack sample; /* read, and not yet claimed by its group line */
	uint64_t sample_count;
	bool sample_waits;
	bool seen[COUNT(sections)];
};

static bool starts_with(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

static const struct field *field_find(const struct field *fields, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(fields[i].name, name))
			return &fields[i];
	return NULL;
}

/* "key=value key=value ..." into record. */
static int read_pairs(
	struct reader *reader, char *text, const struct field *fields, size_t count, void *record)
{
	char *word;
	while ((word = value_next(&text))) {
		char *equals = strchr(word, '=');
		if (!equals)
			return lines_refuse(&reader->lines, "'%.40s' is not key=value", word);
		*equals = '\0';
		const struct field *field = field_find(fields, count, word);
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
	char *text = reader->lines.text;
	for (size_t i = 0; i < COUNT(headers); i++)
		if (starts_with(text, headers[i].start))
			return read_pairs(reader, text + strlen(headers[i].start),
				headers[i].fields, headers[i].field_count, reader->dump);
	return 0;
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
	if (read_pairs(reader, reader->lines.text + strlen("# "), group_fields, COUNT(group_fields),
		    group) ||
		group_check(reader, group))
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

static int column_add(
	struct reader *reader, const struct section *section, struct columns *columns, char *name)
{
	const struct field *field = field_find(section->fields, section->field_count, name);
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
	struct reader *reader, const struct section *section, struct columns *columns)
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

static int read_rows(struct reader *reader, const struct section *section)
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

static int read_section(struct reader *reader)
{
	const char *title = reader->lines.text;
	if (!strcmp(title, DUMP_SECTION_MAP))
		return read_map(reader);
	for (size_t i = 0; i < COUNT(sections); i++) {
		if (strcmp(title, sections[i].title))
			continue;
		if (reader->seen[i])
			return lines_refuse(&reader->lines, "a second '%s'", title);
		reader->seen[i] = true;
		return read_rows(reader, &sections[i]);
	}
	return skip_rows(reader);
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
	if (read_pairs(reader, lines->text + strlen(DUMP_END), end_fields, COUNT(end_fields), &end))
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

/* --- references ----------------------------------------------------------------------------------- */

static int refuse_at(struct reader *reader, unsigned line, const char *what, uint64_t number)
{
	reader->lines.number = line;
	return lines_refuse(&reader->lines, "%s %lu does not exist", what, (unsigned long)number);
}

static int creator_compare(const void *a, const void *b)
{
	const struct dump_creator *one = a, *other = b;
	return (one->id.value > other->id.value) - (one->id.value < other->id.value);
}

static int module_compare(const void *a, const void *b)
{
	const struct dump_module *one = a, *other = b;
	return (one->start.value > other->start.value) - (one->start.value < other->start.value);
}

static int link_creator(struct reader *reader, unsigned line, const struct measured *id,
	const struct dump_creator **creator)
{
	const struct dump *dump = reader->dump;
	const struct dump_creator key = {.id = *id};
	if (!id->known)
		return 0;
	if (dump->creator_count)
		*creator = bsearch(
			&key, dump->creators, dump->creator_count, sizeof(key), creator_compare);
	return *creator ? 0 : refuse_at(reader, line, "creator", id->value);
}

static int link_creators(struct reader *reader)
{
	struct dump *dump = reader->dump;
	for (size_t i = 0; i < dump->thread_count; i++) {
		struct dump_thread *thread = &dump->threads[i];
		if (link_creator(reader, thread->line, &thread->creator, &thread->created_by))
			return -1;
	}
	for (size_t i = 0; i < dump->timer_count; i++) {
		struct dump_timer *timer = &dump->timers[i];
		if (link_creator(reader, timer->line, &timer->creator, &timer->created_by))
			return -1;
	}
	for (size_t i = 0; i < dump->unjoined_count; i++) {
		struct dump_unjoined *unjoined = &dump->unjoined[i];
		if (link_creator(reader, unjoined->line, &unjoined->creator, &unjoined->created_by))
			return -1;
	}
	return 0;
}

static int check_creators(struct reader *reader)
{
	const struct dump *dump = reader->dump;
	for (size_t i = 1; i < dump->creator_count; i++) {
		const struct dump_creator *creator = &dump->creators[i];
		if (creator->id.value != creator[-1].id.value)
			continue;
		reader->lines.number =
			creator->line > creator[-1].line ? creator->line : creator[-1].line;
		return lines_refuse(
			&reader->lines, "a second creator %lu", (unsigned long)creator->id.value);
	}
	return 0;
}

static int check_modules(struct reader *reader)
{
	const struct dump *dump = reader->dump;
	for (size_t i = 0; i < dump->module_count; i++) {
		const struct dump_module *module = &dump->modules[i];
		reader->lines.number = module->line;
		if (module->start.value > module->end.value)
			return lines_refuse(&reader->lines, "a module that ends before its start");
		if (module->bias.value > module->start.value)
			return lines_refuse(&reader->lines, "a module with a bias above its start");
	}
	return 0;
}

static int check_threads(struct reader *reader)
{
	const struct dump *dump = reader->dump;
	for (size_t i = 0; i < dump->thread_count; i++) {
		const struct measured *group = &dump->threads[i].group;
		if (group->known && (!group->value || group->value > dump->group_count))
			return refuse_at(reader, dump->threads[i].line, "group", group->value);
	}
	return 0;
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
	if (dump->creator_count)
		qsort(dump->creators, dump->creator_count, sizeof(*dump->creators),
			creator_compare);
	if (dump->module_count)
		qsort(dump->modules, dump->module_count, sizeof(*dump->modules), module_compare);
	if (check_creators(reader) || check_modules(reader) || check_threads(reader))
		return -1;
	return link_creators(reader);
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
