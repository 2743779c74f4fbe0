/*
 * columns.h - lines with TABs, padded with more TABs until their columns stand below each other.
 *
 * The same bytes as Go's text/tabwriter with tabs 8 wide and one space between, through which the
 * frame lines of goroutine?debug=1 go: whoever reads those reads ours. One exception: a cell of more
 * than 80 characters does not widen its column.
 */
#ifndef LEAKWATCH_COLUMNS_H
#define LEAKWATCH_COLUMNS_H

#include "analyzer/memory.h"

#include <stdio.h>

struct columns {
	struct pool *pool;
	struct rows lines; /* const char * */
};

struct columns columns_new(struct pool *pool);

/* Adds a line without newline; its cells are separated by TABs. */
void columns_add(struct columns *columns, const char *line);

/* Prints the lines and forgets them. */
void columns_print(struct columns *columns, FILE *out);

#endif
