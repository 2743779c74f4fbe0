/*
 * dumps.h - the dumps that a person names: files, directories, processes; in order of age.
 */
#ifndef LEAKWATCH_DUMPS_H
#define LEAKWATCH_DUMPS_H

#include "analyzer/reader.h"

/* Oldest first. Start zeroed; end with dumps_free(). */
struct dumps {
	struct dump **list;
	size_t count, room;
	bool prove; /* the caller's wish: processes prove which waits can never end, and only they can be named */
};

enum dumps_result {
	DUMPS_OK = 0,
	DUMPS_NOTHING = -1, /* there is no dump, or no such process */
	DUMPS_UNUSABLE = -2, /* something is there and cannot be used */
};

/* Each adds what it finds, or adds nothing and says why in complaint. */

/* The newest dump in the caller's own directory. */
enum dumps_result dumps_add_newest(struct dumps *dumps, struct complaint *complaint);

/* What the name is of: a file ("-" is standard input), a directory (all dumps of the
 * process that wrote last), or, if all digits and no such file, a process, which takes a fresh dump;
 * those that it has stored come with it. */
enum dumps_result dumps_add_named(
	struct dumps *dumps, const char *name, struct complaint *complaint);

/* Puts them in order. Fails if they are not all of one process. */
enum dumps_result dumps_sort(struct dumps *dumps, struct complaint *complaint);

void dumps_free(struct dumps *dumps);

#endif
