/*
 * report.c - dumps -> groups, relations and history.
 */
#include "analyzer/report.h"

static struct history *history_of(const struct dumps *dumps, struct pool *pool)
{
	struct history *history = pool_alloc(pool, sizeof(*history));
	history->count = dumps->count;
	history->moments = pool_array(pool, dumps->count, sizeof(*history->moments));
	for (size_t i = 0; i < dumps->count; i++) {
		struct moment *moment = &history->moments[i];
		moment->dump = dumps->list[i];
		moment->groups = groups_of_dump(dumps->list[i], pool);
		moment_fill(moment, pool);
	}
	return history;
}

static void change_add(struct report *report, const struct moment *since)
{
	report->changes[report->change_count++] = (struct change){since->dump, since->groups};
}

void report_fill(struct report *report, const struct dumps *dumps, struct symbols *symbols)
{
	size_t newest = dumps->count - 1;
	struct pool *pool = pool_new();
	report->dump = dumps->list[newest];
	report->tracer = (struct tracer){pool, symbols, report->dump};
	report->history = history_of(dumps, pool);
	report->groups = report->history->moments[newest].groups;
	report->remains = remains_of_dump(report->dump, pool);
	report->relations = relations_of_dump(report->dump, pool);
	report->change_count = 0;
	if (newest >= 1)
		change_add(report, &report->history->moments[newest - 1]);
	if (newest >= 2)
		change_add(report, &report->history->moments[0]);
}

void report_clear(struct report *report)
{
	for (size_t i = 0; i < report->history->count; i++)
		groups_free(report->history->moments[i].groups);
	relations_free(report->relations);
	pool_free(report->tracer.pool);
}
