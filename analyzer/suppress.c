/*
 * suppress.c - reading rules, and matching them.
 */
#include "analyzer/suppress.h"
#include "analyzer/say.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DATE_CHARS 10

static const char *const kind_words[RULE_KINDS] = {
	[RULE_THREAD] = "thread:",
	[RULE_CREATED_BY] = "created_by:",
	[RULE_TIMER] = "timer:",
	[RULE_MODULE] = "module:",
	[RULE_NAME] = "name:",
	[RULE_SCOPE] = "scope:",
};

/* Threads that a library keeps until the process ends, and means to. */
static const struct rule built_in[] = {
	{RULE_LIBC, "", .reason = "libc keeps its helper threads"},
	{RULE_MODULE, "^libgomp.so", .reason = "the workers of OpenMP wait for the next region"},
	{RULE_MODULE, "^libomp.so", .reason = "the workers of OpenMP wait for the next region"},
	{RULE_MODULE, "^libtbb.so", .reason = "the workers of TBB wait for the next task"},
	{RULE_MODULE, "^libjemalloc.so", .reason = "jemalloc frees memory in the background"},
	{RULE_NAME, "^gdbus$", .reason = "GLib keeps its connection to D-Bus"},
	{RULE_NAME, "^gmain$", .reason = "GLib keeps a main loop of its own"},
	{RULE_NAME, "^pool-spawner$", .reason = "GLib makes the threads of its pools in it"},
};

/* --- patterns ------------------------------------------------------------------------------------- */

/* Whether text begins with what comes before the first * of pattern, and goes on as the rest says. */
static bool matches_here(const char *pattern, const char *text)
{
	for (; *pattern; pattern++, text++) {
		if (*pattern == '$' && !pattern[1])
			return !*text;
		if (*pattern == '*') {
			while (pattern[1] == '*')
				pattern++;
			for (;; text++) {
				if (matches_here(pattern + 1, text))
					return true;
				if (!*text)
					return false;
			}
		}
		if (*text != *pattern)
			return false;
	}
	return true;
}

bool pattern_matches(const char *pattern, const char *text)
{
	if (*pattern == '^')
		return matches_here(pattern + 1, text);
	for (;; text++) {
		if (matches_here(pattern, text))
			return true;
		if (!*text)
			return false;
	}
}

/* --- rules ---------------------------------------------------------------------------------------- */

struct suppressions *suppressions_new(void)
{
	struct pool *pool = pool_new();
	struct suppressions *new = pool_alloc(pool, sizeof(*new));
	*new = (struct suppressions){.rules = {.item_bytes = sizeof(struct rule)}, .pool = pool};
	return new;
}

struct suppressions *suppressions_new_built_in(void)
{
	struct suppressions *new = suppressions_new();
	for (size_t i = 0; i < sizeof(built_in) / sizeof(*built_in); i++)
		*(struct rule *)rows_add(&new->rules, new->pool) = built_in[i];
	return new;
}

void suppressions_free(struct suppressions *suppressions)
{
	if (suppressions)
		pool_free(suppressions->pool);
}

const char *suppressions_today(struct pool *pool)
{
	char text[16];
	struct tm fields;
	time_t now = time(NULL);
	if (!gmtime_r(&now, &fields) || !strftime(text, sizeof(text), "%Y-%m-%d", &fields))
		return "";
	return pool_text(pool, text);
}

/* A day that there is: what the calendar makes of it is what it says. */
static bool is_date(const char *text)
{
	char again[16];
	struct tm fields = {.tm_isdst = 0};
	const char *end = strptime(text, "%Y-%m-%d", &fields);
	if (!end || *end || timegm(&fields) == (time_t)-1 ||
		!strftime(again, sizeof(again), "%Y-%m-%d", &fields))
		return false;
	return !strcmp(text, again);
}

/* Cuts " expires:DATE" off the line. False if it is there and is no date. */
static bool expiry_read(char *line, const char *today, bool *expired)
{
	char *expiry = strstr(line, " expires:");
	*expired = false;
	if (!expiry)
		return true;
	const char *date = expiry + strlen(" expires:");
	if (!is_date(date))
		return false;
	*expired = strncmp(date, today, DATE_CHARS) < 0;
	while (expiry > line && expiry[-1] == ' ')
		expiry--;
	*expiry = '\0';
	return true;
}

/* NULL, or what is wrong. */
static const char *rule_read(char *line, const char *today, struct rule *rule)
{
	if (!expiry_read(line, today, &rule->expired))
		return "expires: is not followed by a date such as 2027-01-31";
	for (int kind = 0; kind < RULE_KINDS; kind++) {
		size_t length = strlen(kind_words[kind]);
		if (strncmp(line, kind_words[kind], length))
			continue;
		rule->kind = (enum rule_kind)kind;
		rule->pattern = line + length;
		return *rule->pattern ? NULL : "a rule without a pattern";
	}
	return "not a rule: it begins with none of thread:, created_by:, timer:, module:, name:, "
	       "scope:";
}

static char *line_trim(char *line)
{
	size_t length = strlen(line);
	while (length && strchr(" \t\r\n", line[length - 1]))
		line[--length] = '\0';
	return line + strspn(line, " \t");
}

static int lines_read(
	struct suppressions *suppressions, FILE *in, const char *today, struct complaint *complaint)
{
	char *line = NULL;
	size_t room = 0;
	int result = 0;
	for (unsigned number = 1; !result && getline(&line, &room, in) >= 0; number++) {
		struct rule rule = {.line = number};
		char *text = line_trim(line);
		if (!*text || *text == '#')
			continue;
		const char *wrong = rule_read(text, today, &rule);
		if (wrong) {
			snprintf(complaint->words, COMPLAINT_BYTES, "%.300s:%u: %s",
				suppressions->file, number, wrong);
			result = -1;
			continue;
		}
		rule.pattern = pool_text(suppressions->pool, rule.pattern);
		*(struct rule *)rows_add(&suppressions->rules, suppressions->pool) = rule;
	}
	free(line);
	return result;
}

int suppressions_add_file(struct suppressions *suppressions, const char *file, const char *today,
	struct complaint *complaint)
{
	if (suppressions->file) {
		snprintf(complaint->words, COMPLAINT_BYTES,
			"%.300s: it is the second file of rules", file);
		return -1;
	}
	FILE *in = fopen(file, "re");
	if (!in) {
		snprintf(complaint->words, COMPLAINT_BYTES, "%.300s: cannot open it: %s", file,
			strerror(errno));
		return -1;
	}
	suppressions->file = pool_text(suppressions->pool, file);
	int result = lines_read(suppressions, in, today, complaint);
	fclose(in);
	return result;
}

/* --- matching ------------------------------------------------------------------------------------- */

struct rule *suppressions_text(
	const struct suppressions *suppressions, enum rule_kind kind, const char *text)
{
	struct rule *rules = suppressions->rules.items;
	for (size_t i = 0; text && i < suppressions->rules.count; i++)
		if (rules[i].kind == kind && !rules[i].expired &&
			pattern_matches(rules[i].pattern, text))
			return &rules[i];
	return NULL;
}

struct rule *suppressions_trace(
	const struct suppressions *suppressions, enum rule_kind kind, const struct trace *trace)
{
	for (unsigned i = 0; i < trace->count; i++) {
		const struct frame *frame = &trace->frames[i];
		const char *text =
			kind == RULE_MODULE ? place_module_name(&frame->place) : frame->function;
		struct rule *rule = suppressions_text(suppressions, kind, text);
		if (rule)
			return rule;
	}
	return NULL;
}

void suppressions_review(const struct suppressions *suppressions, const char *command)
{
	for (size_t i = 0; suppressions && i < suppressions->rules.count; i++) {
		const struct rule *rule = (const struct rule *)suppressions->rules.items + i;
		if (rule->expired)
			warn("%s: %s:%u: the rule has expired", command, suppressions->file,
				rule->line);
		else if (!rule->matches)
			warn("%s: %s:%u: the rule matched nothing", command, suppressions->file,
				rule->line);
	}
}
