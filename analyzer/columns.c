/*
 * columns.c - elastic tab stops. A cell ends at a TAB; what follows a line's last TAB is no cell and
 * has no width. A column is the cells of one index in lines that follow each other.
 */
#include "analyzer/columns.h"
#include "analyzer/utf8.h"

#include <string.h>

#define CELLS_MAX 8
#define TAB_WIDTH 8

/* Wider cells, C++ names mostly, push only their own line to the right. */
#define WIDTH_MAX 80

struct cells {
	const char *text[CELLS_MAX + 1]; /* the last is the line's rest */
	size_t count; /* without the rest */
	size_t width[CELLS_MAX]; /* of each cell's text, in characters */
	size_t column[CELLS_MAX]; /* of each cell's column, in columns of the screen */
};

struct columns columns_new(struct pool *pool)
{
	return (struct columns){pool, {.item_bytes = sizeof(const char *)}};
}

void columns_add(struct columns *columns, const char *line)
{
	*(const char **)rows_add(&columns->lines, columns->pool) = line;
}

static void line_cut(struct pool *pool, const char *line, struct cells *cells)
{
	char *text = pool_text(pool, line);
	char *tab;
	while (cells->count < CELLS_MAX && (tab = strchr(text, '\t'))) {
		*tab = '\0';
		cells->text[cells->count] = text;
		cells->width[cells->count++] = utf8_count(text);
		text = tab + 1;
	}
	cells->text[cells->count] = text;
}

/* One space between columns, up to the next tab stop. */
static size_t column_width(size_t text_width)
{
	return (text_width + 1 + TAB_WIDTH - 1) / TAB_WIDTH * TAB_WIDTH;
}

/* Gives the cells of one column, in lines [from, to), the width of the widest. */
static void column_set(struct cells *lines, size_t from, size_t to, size_t index)
{
	size_t widest = 0;
	for (size_t i = from; i < to; i++)
		if (lines[i].width[index] > widest && lines[i].width[index] <= WIDTH_MAX)
			widest = lines[i].width[index];
	for (size_t i = from; i < to; i++) {
		size_t width = lines[i].width[index];
		lines[i].column[index] = column_width(width > widest ? width : widest);
	}
}

static void columns_set(struct cells *lines, size_t count)
{
	for (size_t index = 0; index < CELLS_MAX; index++) {
		for (size_t from = 0, to; from < count; from = to + 1) {
			for (to = from; to < count && lines[to].count > index; to++)
				;
			column_set(lines, from, to, index);
		}
	}
}

static void line_print(const struct cells *cells, FILE *out)
{
	for (size_t i = 0; i < cells->count; i++) {
		size_t padding = cells->column[i] - cells->width[i];
		fputs(cells->text[i], out);
		for (size_t tabs = (padding + TAB_WIDTH - 1) / TAB_WIDTH; tabs; tabs--)
			fputc('\t', out);
	}
	fprintf(out, "%s\n", cells->text[cells->count]);
}

void columns_print(struct columns *columns, FILE *out)
{
	size_t count = columns->lines.count;
	const char **texts = columns->lines.items;
	struct cells *lines = pool_array(columns->pool, count + 1, sizeof(*lines));
	for (size_t i = 0; i < count; i++)
		line_cut(columns->pool, texts[i], &lines[i]);
	columns_set(lines, count);
	for (size_t i = 0; i < count; i++)
		line_print(&lines[i], out);
	columns->lines.count = 0;
}
