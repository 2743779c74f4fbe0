/*
 * suppress.h - threads and timers that nobody wants to hear of: rules in the style of LeakSanitizer's.
 *
 * One rule a line, KIND:PATTERN, perhaps with " expires:2027-01-31" behind it:
 *
 *	thread:PATTERN      a function on the stack of the thread
 *	created_by:PATTERN  a function on the stack that created the thread
 *	timer:PATTERN       a function on the stack that created the timer
 *	module:PATTERN      a file name of a library or program on one of these stacks
 *	name:PATTERN        the thread's name
 *	scope:PATTERN       the scope of leakwatch.h in which the thread or timer was made
 *
 * A pattern matches anywhere in the text; * stands for any text, ^ at its begin and $ at its end for the text's own
 * ends. Empty lines and those that begin with # are passed over.
 */
#ifndef LEAKWATCH_SUPPRESS_H
#define LEAKWATCH_SUPPRESS_H

#include "analyzer/reader.h"
#include "analyzer/trace.h"

enum rule_kind {
	RULE_THREAD,
	RULE_CREATED_BY,
	RULE_TIMER,
	RULE_MODULE,
	RULE_NAME,
	RULE_SCOPE,
	RULE_KINDS, /* of files */
	RULE_LIBC, /* built in only: threads that libc made for itself */
};

struct rule {
	enum rule_kind kind;
	const char *pattern;
	const char *reason; /* of one that is built in, as the end of a sentence */
	unsigned line; /* 0: built in */
	bool expired;
	unsigned long matches; /* threads and timers that it held back */
};

struct suppressions {
	struct rows rules; /* struct rule */
	const char *file; /* NULL: the rules are built in */
	struct pool *pool;
};

/* Without rules; and the built-in ones, which only hold back what is alive at exit. suppressions_free() ends
 * both. */
struct suppressions *suppressions_new(void);
struct suppressions *suppressions_new_built_in(void);
void suppressions_free(struct suppressions *suppressions); /* NULL is allowed */

/* Adds the rules of a file, the only one. today is "2026-11-22". -1 with a complaint that names the file, and the
 * line of what is not a rule. */
int suppressions_add_file(struct suppressions *suppressions, const char *file, const char *today,
	struct complaint *complaint);

/* Today, UTC, as in rules. */
const char *suppressions_today(struct pool *pool);

/* The rule of one kind that matches the text, or a function, or a module, of the trace; NULL. NULL texts match
 * nothing. */
struct rule *suppressions_text(
	const struct suppressions *suppressions, enum rule_kind kind, const char *text);
struct rule *suppressions_trace(
	const struct suppressions *suppressions, enum rule_kind kind, const struct trace *trace);

/* Warns of the rules that have expired and, once everything has been held against them, of those that matched
 * nothing: such a rule hides what it was written for, or is not needed any more. command is whose warning it
 * is. NULL suppressions have none. */
void suppressions_review(const struct suppressions *suppressions, const char *command);

/* Whether pattern, as above, matches text. */
bool pattern_matches(const char *pattern, const char *text);

#endif
