/*
 * layout.h - what stands where in a dump: the keys of its "#" lines and the columns of its sections, each
 * with the member of the record that takes its value.
 */
#ifndef LEAKWATCH_LAYOUT_H
#define LEAKWATCH_LAYOUT_H

#include "analyzer/values.h"

/* A line of key=value pairs. */
struct header_layout {
	const char *start; /* how the line begins; the pairs follow */
	const struct field *fields;
	size_t field_count;
};

/* A section of rows. Every record begins with the unsigned number of its line. */
struct section_layout {
	const char *title;
	const struct field *fields;
	size_t field_count;
	size_t record_bytes;
	void (*keep)(struct dump *dump, const struct rows *rows); /* all of its rows */
};

/* The last line of a dump. */
struct end_line {
	struct measured lines, took_ns;
};

extern const struct header_layout layout_of_group; /* into a struct dump_group */
extern const struct header_layout layout_of_end; /* into a struct end_line */

/* The layout of a header line, into a struct dump; NULL for other lines. */
const struct header_layout *layout_of_header(const char *line);

/* NULL for sections that this reader does not know. */
const struct section_layout *layout_of_section(const char *title);

/* NULL for names that this reader does not know. */
const struct field *layout_field(const struct field *fields, size_t count, const char *name);

#endif
