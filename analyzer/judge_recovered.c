/*
 * judge_recovered.c - what an earlier dump was accused of, and is over.
 *
 * No accusation: news. The dumps until some earlier moments are judged as if they were all there is. A verdict of then
 * is over when next to none of its threads (timers, unjoined threads) is where it was. What merely is not said any
 * more, because it stopped to grow, is not over. Nothing is said of a run at its end: what counts there is what is left.
 */
#include "analyzer/judge.h"
#include "analyzer/table.h"
#include "analyzer/verdicts.h"
#include "analyzer/words.h"

#include <string.h>

#define LOOKS	  8 /* back: a directory may hold a hundred dumps, and each look judges all before it */
#define LEFT_OVER 10 /* one in so many may still be there */

/* An earlier verdict, and what is known of it now. */
struct earlier {
	const struct report *then;
	const struct finding *finding;
	uint64_t here,
		ended; /* of its threads, or of timers and unjoined threads: still there, and gone for good */
};

/* --- what became of it -------------------------------------------------------------------------------- */

static void thread_follow(
	const struct judging *judging, struct earlier *earlier, const struct dump_thread *then)
{
	const struct dump_thread *now =
		then->id.known ? relations_thread(judging->relations, then->id.value) : NULL;
	if (!now)
		earlier->ended++;
	else if (judging_of(judging, now) || now->waits.value == then->waits.value)
		earlier->here++;
}

static void unjoined_follow(const struct judging *judging, struct earlier *earlier)
{
	const struct unjoined_group *then = earlier->finding->unjoined;
	const struct remains *remains = judging->report->remains;
	for (size_t i = 0; i < remains->unjoined_count; i++)
		if (remains->unjoined[i].creator && then->creator &&
			remains->unjoined[i].creator->id.value == then->creator->id.value)
			earlier->here += remains->unjoined[i].count;
}

static void timers_follow(const struct judging *judging, struct earlier *earlier)
{
	const struct timer_group *then = earlier->finding->timers;
	const struct remains *remains = judging->report->remains;
	for (size_t i = 0; i < remains->timer_count; i++)
		if (remains->timers[i].creator && then->creator &&
			remains->timers[i].creator->id.value == then->creator->id.value)
			earlier->here += remains->timers[i].count;
}

static bool is_over(const struct judging *judging, struct earlier *earlier)
{
	const struct finding *finding = earlier->finding;
	for (size_t i = 0; i < finding->threads.count; i++)
		thread_follow(judging, earlier, finding_thread(&finding->threads, i));
	if (finding->unjoined)
		unjoined_follow(judging, earlier);
	if (finding->timers)
		timers_follow(judging, earlier);
	return earlier->here * LEFT_OVER <= finding->count;
}

/* --- telling it once ------------------------------------------------------------------------------------ */

/* By what two verdicts of different moments are the same: a thread of theirs, or the creation stack. */
static const char *subject_key(struct pool *pool, const struct finding *finding)
{
	if (finding->unjoined)
		return pool_print(pool, "unjoined %lu",
			finding->unjoined->creator ? finding->unjoined->creator->id.value : 0);
	if (finding->timers)
		return pool_print(pool, "timers %lu",
			finding->timers->creator ? finding->timers->creator->id.value : 0);
	return NULL;
}

static bool note_key(struct table *told, const char *key)
{
	void **slot = table_slot(told, key, strlen(key));
	bool is_new = !*slot;
	*slot = told;
	return is_new;
}

static bool is_news(struct judging *judging, struct table *told, const struct finding *finding)
{
	const char *key = subject_key(judging->pool, finding);
	bool news = !key || note_key(told, key);
	for (size_t i = 0; i < finding->threads.count; i++) {
		const struct dump_thread *thread = finding_thread(&finding->threads, i);
		news &= note_key(told, pool_print(judging->pool, "thread %lu", thread->id.value));
	}
	return news;
}

static const char *moment_words(struct judging *judging, const struct dump *then)
{
	struct pool *pool = judging->pool;
	uint64_t now_ns = judging->dump->time_ns.value;
	const char *ago = then->time_ns.known && now_ns > then->time_ns.value
				  ? words_of_duration(pool, now_ns - then->time_ns.value)
				  : "some time";
	if (!then->sequence.known)
		return pool_print(pool, "%s ago", ago);
	return pool_print(pool, "in dump %lu, %s ago,", (unsigned long)then->sequence.value, ago);
}

static void earlier_say(struct judging *judging, const struct earlier *earlier)
{
	struct pool *pool = judging->pool;
	struct verdict verdict = finding_verdict(earlier->finding);
	struct finding *finding = judging_find(judging, "recovered", CERTAINTY_NONE);
	struct judging then = {.report = (struct report *)earlier->then,
		.dump = earlier->then->dump,
		.relations = earlier->then->relations,
		.pool = pool};
	finding->count = earlier->finding->count;
	finding_say(finding, pool, "%s they were \"%s\".", moment_words(judging, then.dump),
		verdict_words(pool, &verdict));
	if (earlier->finding->threads.count)
		finding_say(finding, pool,
			"They were %s. Of them %lu have ended since, %lu went on.",
			judging_wait_words(&then, finding_thread(&earlier->finding->threads, 0)),
			(unsigned long)earlier->ended,
			(unsigned long)(finding->count - earlier->ended - earlier->here));
	else
		finding_say(finding, pool, "%lu of that creation stack are left.",
			(unsigned long)earlier->here);
}

static void look_back(struct judging *judging, size_t index, struct table *told)
{
	struct report then;
	judge_until(judging->report, index, &then);
	for (size_t i = 0; i < then.findings.count; i++) {
		struct earlier earlier = {&then, then.findings.list[i], 0, 0};
		if (finding_accuses(earlier.finding) && is_news(judging, told, earlier.finding) &&
			is_over(judging, &earlier))
			earlier_say(judging, &earlier);
	}
	relations_free(then.relations);
}

void judge_recovered(struct judging *judging)
{
	size_t before = judging->report->history->count - 1;
	if (!before || judging->report->exit_counts || judging->report->is_past)
		return;
	struct table *told = table_new();
	size_t looks = before < LOOKS ? before : LOOKS;
	for (size_t look = 0; look < looks; look++)
		look_back(judging, before - 1 - look * before / looks, told);
	table_free(told);
}
