/*
 * judge_behind.c - threads that wait for a lock or a join whose chain ends in accused threads.
 *
 * They are no leak of their own: they stand under their root.
 */
#include "analyzer/judge.h"

/* What the chain of a free thread ends in. A circle would have been found already, unless a wait in it has a
 * time limit; the count of steps ends the walk then. */
static struct finding *root_of(const struct judging *judging, const struct dump_thread *thread)
{
	for (size_t steps = 0; thread && steps <= judging->dump->thread_count; steps++) {
		if (steps && judging_of(judging, thread))
			return judging_of(judging, thread);
		thread = relations_seems_to_wait_for(judging->relations, thread);
	}
	return NULL;
}

void judge_behind(struct judging *judging)
{
	const struct dump *dump = judging->dump;
	for (size_t i = 0; i < dump->thread_count; i++) {
		if (judging_of(judging, &dump->threads[i]))
			continue;
		struct finding *root = root_of(judging, &dump->threads[i]);
		if (root)
			judging_put_behind(judging, root, &dump->threads[i]);
	}
}
