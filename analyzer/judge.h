/*
 * judge.h - who says what a group means: the table of judges, and what they share.
 *
 * Each judge_NAME.c looks at the dump (and its history) for one thing and makes findings. They run in the
 * order of the table in judge.c, surest first. A thread has one verdict: once it is in a finding, later
 * judges pass it over. A judge that is not sure says nothing.
 */
#ifndef LEAKWATCH_JUDGE_H
#define LEAKWATCH_JUDGE_H

#include "analyzer/finding.h"
#include "analyzer/relations.h"
#include "analyzer/report.h"
#include "analyzer/thresholds.h"

/* Fills report->findings and the verdicts of groups and remains, which were VERDICT_NONE before. */
void judge_report(struct report *report);

/* The same of the dumps until the moment index, with then as their report; the verdicts of groups and remains are left
 * alone. The caller frees then->relations; all else is the report's. */
void judge_until(const struct report *report, size_t index, struct report *then);

/* --- for judges --------------------------------------------------------------------------------------- */

struct judging {
	struct report *report;
	const struct dump *dump;
	struct relations *relations;
	struct thresholds thresholds;
	struct finding **of_thread; /* by index in dump->threads; NULL: it is free */
	bool *behind; /* likewise: it is not accused, but waits behind the accused */
	struct rows findings; /* struct finding * */
	struct pool *pool;
};

/* A new finding about nobody yet. The texts are constants. Its section in
 * docs/patterns.md is named like the word. */
struct finding *judging_find(struct judging *judging, const char *word, const char *certainty);

/* Adds a thread, which must be free, to those that a finding accuses, or that wait for them. */
void judging_accuse(
	struct judging *judging, struct finding *finding, const struct dump_thread *thread);
void judging_put_behind(
	struct judging *judging, struct finding *finding, const struct dump_thread *thread);

/* The finding that a thread is in; NULL: it is free. */
struct finding *judging_of(const struct judging *judging, const struct dump_thread *thread);

/* Whether a group of unjoined threads or of timers has a finding already. */
bool judging_is_judged(const struct judging *judging, const void *remain);

/* Members of the group that are free. The list lives as long as the pool. */
const struct dump_thread **judging_free_members(
	const struct judging *judging, const struct group *group, size_t *count);

/* Whether an age, of a wait or of an unjoined thread, is enough to count: the grace time, or three times the
 * interval between dumps where there are several. In a dump at exit every age is: the process is over. */
bool judging_is_old(const struct judging *judging, struct measured age_ns);

/* Whether so many dumps in a row found the thread in the very same wait that it counts as standing still; or, from one
 * dump, for as long as these take. */
bool judging_is_unmoved(const struct judging *judging, const struct dump_thread *thread);

/* "thread 17 (worker 3)"; "lock 0x7f.. of kind mutex" and the like are said by the judges. */
const char *judging_thread_words(const struct judging *judging, const struct dump_thread *thread);

/* Where a thread waits: "waits for a mutex in transfer (bank.c:31)". */
const char *judging_wait_words(const struct judging *judging, const struct dump_thread *thread);

/* The judges, in the order of the table. */
void judge_suppressed(struct judging *judging);
void judge_deadlock(struct judging *judging);
void judge_dead_owner(struct judging *judging);
void judge_unreachable(struct judging *judging);
void judge_unjoined(struct judging *judging);
void judge_growing(struct judging *judging);
void judge_timer_leak(struct judging *judging);
void judge_never_woken(struct judging *judging);
void judge_orphaned(struct judging *judging);
void judge_stalled(struct judging *judging);
void judge_exhausted(struct judging *judging);
void judge_known(struct judging *judging);
void judge_exit(struct judging *judging);
void judge_behind(struct judging *judging);
void judge_no_deadline(struct judging *judging);
void judge_idle(struct judging *judging);
void judge_recovered(struct judging *judging);

#endif
