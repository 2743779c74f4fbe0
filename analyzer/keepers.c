/*
 * keepers.c - chains and reasons in words. Addresses of the heap are left out, so that the threads whose objects are kept
 * in the same way are told of at once; the JSON report has them.
 */
#include "analyzer/keepers.h"
#include "analyzer/proof.h"
#include "analyzer/table.h"
#include "analyzer/utf8.h"
#include "analyzer/words.h"
#include "preload/contract/dump.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array)	(sizeof(array) / sizeof(*(array)))
#define SENTENCES_SHOWN 3

/* --- one link --------------------------------------------------------------------------------------- */

static bool link_is(const struct dump_link *link, const char *word)
{
	return !strcmp(link->word, word);
}

static const char *data_name(const struct report *report, uint64_t address)
{
	struct pool *pool = report->tracer.pool;
	struct trace trace = trace_of_entry(&report->tracer, address);
	const struct frame *frame = &trace.frames[0];
	const char *name = frame_function(pool, frame);
	if (frame->function && frame->entry_distance.value)
		return pool_print(
			pool, "%s+0x%lx", name, (unsigned long)frame->entry_distance.value);
	return name;
}

/* The function that has the frame, and not what was inlined into it. */
static const char *code_name(const struct report *report, const struct measured *code)
{
	const struct stack stack = {&code->value, 1};
	struct trace trace =
		trace_of_stack(&report->tracer, &stack, (struct measured){0}, (struct measured){0});
	return frame_words(report->tracer.pool, &trace.frames[trace.count - 1]);
}

const char *keepers_name(const struct report *report, const struct dump_link *link)
{
	if (link_is(link, "static") && link->address.known)
		return data_name(report, link->address.value);
	if (link->code.known)
		return code_name(report, &link->code);
	return NULL;
}

static const char *thread_words(const struct report *report, const struct measured *id)
{
	if (!id->known)
		return "a thread";
	const struct dump_thread *thread = relations_thread(report->relations, id->value);
	return thread ? relations_thread_words(report->tracer.pool, thread)
		      : pool_print(report->tracer.pool, "thread %lu", (unsigned long)id->value);
}

static const char *link_words(const struct report *report, const struct dump_link *link)
{
	struct pool *pool = report->tracer.pool;
	const char *name = keepers_name(report, link);
	const char *thread = thread_words(report, &link->thread);
	if (link_is(link, "static") && name)
		return name;
	if (link_is(link, "stack"))
		return pool_print(
			pool, "the stack of %s%s%s", thread, name ? ", in " : "", name ? name : "");
	if (link_is(link, "local"))
		return pool_print(pool, "thread-local storage of %s", thread);
	if (link_is(link, "registers"))
		return pool_print(pool, "a register of %s", thread);
	if (link_is(link, "thread"))
		return pool_print(pool, "%s, which lives", thread);
	if (link_is(link, "heap"))
		return "heap";
	if (link->fd.known)
		return pool_print(pool, "%s (fd %lu)", words_of_link(link->word),
			(unsigned long)link->fd.value);
	return utf8_printable(pool, words_of_link(link->word));
}

/* --- a chain ---------------------------------------------------------------------------------------- */

static const char *object_words(const char *wait)
{
	static const struct {
		const char *wait, *words;
	} objects[] = {
		{"cond_wait", "condition variable"},
		{"sem_wait", "semaphore"},
		{"mutex_lock", "mutex"},
		{"rwlock_rdlock", "read-write lock"},
		{"rwlock_wrlock", "read-write lock"},
		{"barrier_wait", "barrier"},
		{"futex", "futex"},
	};
	for (size_t i = 0; i < COUNT(objects); i++)
		if (!strcmp(objects[i].wait, wait))
			return objects[i].words;
	return "object";
}

/* The last link is where the object is: of the heap it is enough to say what it is. */
static const char *end_words(
	const struct report *report, const struct dump_link *last, const char *wait)
{
	const char *object = object_words(wait);
	if (link_is(last, "thread"))
		return link_words(report, last);
	if (link_is(last, "heap"))
		return object;
	return pool_print(report->tracer.pool, "%s in %s", object, link_words(report, last));
}

const char *keepers_chain(const struct report *report, const struct dump_thread *thread)
{
	const struct dump_proof *proof = proof_of_thread(report->history, thread);
	const struct dump_group *group = relations_group(report->relations, thread);
	const char *words = "";
	if (!proof || !proof->chain.count || !group)
		return NULL;
	size_t last = proof->chain.count - 1;
	for (size_t i = 0; i < last; i++)
		words = pool_print(report->tracer.pool, "%s%s -> ", words,
			link_words(report, &proof->chain.links[i]));
	return pool_print(report->tracer.pool, "%s%s", words,
		end_words(report, &proof->chain.links[last], group->wait));
}

/* --- reasons ---------------------------------------------------------------------------------------- */

const char *keepers_reasons(struct pool *pool, const char *reasons)
{
	const char *words = "";
	while (*reasons) {
		size_t bytes = strcspn(reasons, ",");
		const char *reason = words_of_reason(pool_print(pool, "%.*s", (int)bytes, reasons));
		words = pool_print(pool, "%s%s%s", words, *words ? ", and because " : "",
			utf8_printable(pool, reason));
		reasons += bytes + (reasons[bytes] == ',');
	}
	return words;
}

/* --- of many threads -------------------------------------------------------------------------------- */

/* How many it is about stands between the two parts. */
struct sentence {
	const char *begin, *end;
	size_t count, first;
};

static struct sentence thread_sentence(
	const struct report *report, const struct dump_thread *thread)
{
	struct pool *pool = report->tracer.pool;
	const struct dump_proof *proof = proof_of_thread(report->history, thread);
	if (proof_says(proof, DUMP_REACHED)) {
		const char *chain = keepers_chain(report, thread);
		return (struct sentence){.begin = "Still reachable",
			.end = pool_print(pool, ": %s.", chain ? chain : "the way is not known")};
	}
	if (proof_says(proof, DUMP_UNMEASURED))
		return (struct sentence){.begin = "Whether still reachable is not known",
			.end = pool_print(pool, ", because %s.",
				proof->reasons ? keepers_reasons(pool, proof->reasons)
					       : "the dump does not say")};
	return (struct sentence){.begin = NULL};
}

static int sentence_compare(const void *a, const void *b)
{
	const struct sentence *one = a, *other = b;
	if (one->count != other->count)
		return one->count < other->count ? 1 : -1;
	return (one->first > other->first) - (one->first < other->first);
}

/* The index in found, from 1, where a sentence that ends like this one is; it is added where there is none. */
static size_t sentence_place(struct rows *found, struct table *by_end,
	const struct sentence *sentence, struct pool *pool)
{
	void **slot = table_slot(by_end, sentence->end, strlen(sentence->end));
	if (!*slot) {
		struct sentence *added = rows_add(found, pool);
		*added = *sentence;
		added->first = found->count;
		*slot = (void *)(uintptr_t)found->count;
	}
	return (size_t)(uintptr_t)*slot;
}

/* Each sentence once, with its count; those about most threads first. */
static struct rows sentences_collect(
	const struct report *report, const struct dump_thread *const *threads, size_t count)
{
	struct rows found = {.item_bytes = sizeof(struct sentence)};
	struct table *by_end = table_new();
	for (size_t i = 0; i < count; i++) {
		struct sentence sentence = thread_sentence(report, threads[i]);
		if (!sentence.begin)
			continue;
		size_t place = sentence_place(&found, by_end, &sentence, report->tracer.pool);
		((struct sentence *)found.items)[place - 1].count++;
	}
	table_free(by_end);
	if (found.count)
		qsort(found.items, found.count, sizeof(struct sentence), sentence_compare);
	return found;
}

struct rows keepers_sentences(
	const struct report *report, const struct dump_thread *const *threads, size_t count)
{
	struct pool *pool = report->tracer.pool;
	struct rows told = {.item_bytes = sizeof(const char *)};
	struct rows found = sentences_collect(report, threads, count);
	const struct sentence *sentences = found.items;
	size_t more = 0;
	for (size_t i = 0; i < found.count; i++) {
		const char *of = "";
		if (sentences[i].count < count)
			of = pool_print(pool, " (%zu of them)", sentences[i].count);
		if (i < SENTENCES_SHOWN)
			*(const char **)rows_add(&told, pool) = pool_print(
				pool, "%s%s%s", sentences[i].begin, of, sentences[i].end);
		else
			more += sentences[i].count;
	}
	if (more)
		*(const char **)rows_add(&told, pool) =
			pool_print(pool, "Likewise, in other ways: %zu more.", more);
	return told;
}
