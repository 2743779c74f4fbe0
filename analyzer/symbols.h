/*
 * symbols.h - place -> function, file and line: the seam between those who ask and those who know.
 *
 * One place may be several frames: the inlined functions first, innermost first, and last the function
 * that the code belongs to. Each place is asked of the source once and remembered.
 */
#ifndef LEAKWATCH_SYMBOLS_H
#define LEAKWATCH_SYMBOLS_H

#include "analyzer/memory.h"
#include "analyzer/place.h"
#include "analyzer/reader.h"

struct symbol {
	const char *function; /* demangled; NULL: not known */
	const char *file; /* NULL: not known */
	unsigned line; /* 0: not known */
	bool inlined;
};

struct symbol_list {
	const struct symbol *symbol; /* count of them, innermost first */
	unsigned count; /* 0: nothing is known of the place */
	struct measured
		entry_distance; /* from the entry of the (outermost) function to the place */
};

/* A source of symbols. look_up allocates from pool, prints nothing but a warning once for each module
 * that cannot be used, and does not fail: what it does not know it leaves out. */
struct symbol_source {
	struct symbol_list (*look_up)(
		struct symbol_source *source, struct pool *pool, const struct place *place);
	void (*close)(struct symbol_source *source);
};

/* The debug information of the modules' files, and their separate debug files below /usr/lib/debug;
 * of each only if its build id is the one in the dump. Servers of debug files are asked only with
 * network true (and DEBUGINFOD_URLS set); else that variable is removed from our environment. */
struct symbol_source *symbols_dwfl_open(bool network);

/* A text table, for tests; see symbols_table.c. NULL with a complaint. */
struct symbol_source *symbols_table_open(const char *file, struct complaint *complaint);

struct symbols;

struct symbols *symbols_new(struct symbol_source *source); /* takes the source */
void symbols_free(struct symbols *symbols); /* closes the source; NULL is allowed */

/* Valid until symbols_free(). */
const struct symbol_list *symbols_of_place(struct symbols *symbols, const struct place *place);

#endif
