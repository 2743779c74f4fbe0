/*
 * partners.c - the wakers of a finding's objects, counted, each object once; or an example of the descriptors that
 * its threads wait on.
 */
#include "analyzer/partners.h"
#include "analyzer/descriptor.h"
#include "analyzer/table.h"
#include "analyzer/words.h"

#include <string.h>

struct partners {
	size_t known, never, gone, alive;
};

static void partners_count(
	const struct judging *judging, const struct finding *finding, struct partners *partners)
{
	struct table *seen = table_new();
	for (size_t i = 0; i < finding->threads.count; i++) {
		const struct dump_waker *waker =
			relations_waker(judging->relations, finding_thread(&finding->threads, i));
		void **slot = waker ? table_slot(seen, waker->object, strlen(waker->object)) : NULL;
		if (!slot || *slot || !waker->count.known)
			continue;
		*slot = seen;
		partners->known++;
		partners->never += !waker->count.value;
		partners->gone += waker->alive.known && !waker->alive.value;
		partners->alive += waker->alive.known && waker->alive.value;
	}
	table_free(seen);
}

static void descriptor_say(struct judging *judging, struct finding *finding)
{
	for (size_t i = 0; i < finding->threads.count; i++) {
		const struct dump_thread *thread = finding_thread(&finding->threads, i);
		if (!thread->fd)
			continue;
		finding_say(finding, judging->pool, "%s%s waits on %s.",
			finding->threads.count > 1 ? "For example: " : "",
			judging_thread_words(judging, thread),
			descriptor_words(judging->pool, judging->dump, thread->fd));
		return;
	}
}

void partners_say(struct judging *judging, struct finding *finding)
{
	struct pool *pool = judging->pool;
	struct partners partners = {0};
	descriptor_say(judging, finding);
	partners_count(judging, finding, &partners);
	if (!partners.known)
		return;
	finding_say(finding, pool,
		"Of %s that they wait on, %zu %s never woken, %zu last woken by a thread that has "
		"ended, %zu by one that lives.",
		words_of_count(pool, partners.known, "object"), partners.never,
		partners.never == 1 ? "was" : "were", partners.gone, partners.alive);
}
