/*
 * judge_unreachable.c - threads that nobody can wake, since nobody who runs can reach what they wait for.
 *
 * The shim has done the proof, in a picture of the process; here it is put into words. One thread is
 * enough, and its age does not matter. What was not certain is likely, with the reasons; but not where all that is alive at exit
 * counts, since that is a surer word for the same threads. What was not measured accuses nobody.
 */
#include "analyzer/judge.h"
#include "analyzer/keepers.h"
#include "analyzer/proof.h"
#include "analyzer/table.h"
#include "analyzer/words.h"
#include "preload/contract/dump.h"

#include <string.h>

static bool is_accused(
	const struct judging *judging, const struct dump_thread *thread, bool certain)
{
	const struct dump_proof *proof = proof_of_thread(judging->report->history, thread);
	return proof_says(proof, DUMP_UNREACHABLE) && proof_is_certain(proof) == certain &&
	       relations_waits_for_ever(judging->relations, thread);
}

static size_t objects_count(const struct finding *finding)
{
	struct table *objects = table_new();
	size_t count = 0;
	for (size_t i = 0; i < finding->threads.count; i++) {
		const char *object = finding_thread(&finding->threads, i)->object;
		void **seen = object ? table_slot(objects, object, strlen(object)) : NULL;
		if (!seen || *seen)
			continue;
		*seen = objects;
		count++;
	}
	table_free(objects);
	return count;
}

static bool is_join(const struct group *group)
{
	return !strcmp(group->wait, "join");
}

static void objects_say(struct judging *judging, struct finding *finding, const struct group *group)
{
	size_t objects = objects_count(finding);
	if (is_join(group))
		finding_say(finding, judging->pool,
			"They wait without a time limit for the end of %s, which can never come.",
			words_of_count(judging->pool, objects, "thread"));
	else
		finding_say(finding, judging->pool,
			"They wait on %s without a time limit. No pointer to %s is left in static "
			"data, in a thread that can still run, or in the kernel: nobody can wake "
			"them.",
			words_of_count(judging->pool, objects, "object"),
			objects == 1 ? "it" : "any of them");
}

static void reason_say(struct judging *judging, struct finding *finding, const char *reason)
{
	size_t count = 0;
	for (size_t i = 0; i < finding->threads.count; i++) {
		const struct dump_proof *proof = proof_of_thread(
			judging->report->history, finding_thread(&finding->threads, i));
		count += !strcmp(proof->reasons, reason);
	}
	finding_say(finding, judging->pool, "Not certain%s, because %s.",
		count < finding->threads.count ? pool_print(judging->pool, " (%zu of them)", count)
					       : "",
		keepers_reasons(judging->pool, reason));
}

/* What kept it from being certain, each set of reasons once. */
static void reasons_say(struct judging *judging, struct finding *finding)
{
	struct table *said = table_new();
	for (size_t i = 0; i < finding->threads.count; i++) {
		const char *reasons = proof_of_thread(
			judging->report->history, finding_thread(&finding->threads, i))
					      ->reasons;
		void **seen = table_slot(said, reasons, strlen(reasons));
		if (!*seen)
			reason_say(judging, finding, reasons);
		*seen = said;
	}
	table_free(said);
}

static void group_judge(struct judging *judging, const struct group *group, bool certain)
{
	size_t count;
	const struct dump_thread **members = judging_free_members(judging, group, &count);
	struct finding *finding = NULL;
	for (size_t i = 0; i < count; i++) {
		if (!is_accused(judging, members[i], certain))
			continue;
		if (!finding)
			finding = judging_find(judging, "unreachable",
				certain ? CERTAINTY_PROVEN : CERTAINTY_LIKELY);
		judging_accuse(judging, finding, members[i]);
	}
	if (!finding)
		return;
	finding->foremost = true;
	objects_say(judging, finding, group);
	if (!certain)
		reasons_say(judging, finding);
	finding->hint = is_join(group)
				? "See to it that the threads that they join can end."
				: "Before the last reference to what they wait on is dropped, "
				  "close it, or wake them so that they end.";
}

void judge_unreachable(struct judging *judging)
{
	const struct groups *groups = judging->report->groups;
	for (size_t i = 0; i < groups->count; i++) {
		group_judge(judging, groups->list[i], true);
		if (!judging->report->exit_counts)
			group_judge(judging, groups->list[i], false);
	}
}
