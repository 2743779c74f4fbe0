/*
 * links.c - groups by number, creators by id, modules by address, descriptors by object, proofs by thread. A dump that refers to what it does not
 * hold is damaged, and is refused.
 */
#include "analyzer/links.h"
#include "analyzer/chain.h"

#include <stdlib.h>
#include <string.h>

static int refuse_at(struct lines *lines, unsigned line, const char *what, uint64_t number)
{
	lines->number = line;
	return lines_refuse(lines, "%s %lu does not exist", what, (unsigned long)number);
}

static int creator_compare(const void *a, const void *b)
{
	const struct dump_creator *one = a, *other = b;
	return (one->id.value > other->id.value) - (one->id.value < other->id.value);
}

static int module_compare(const void *a, const void *b)
{
	const struct dump_module *one = a, *other = b;
	return (one->start.value > other->start.value) - (one->start.value < other->start.value);
}

static int link_creator(struct lines *lines, const struct dump *dump, unsigned line,
	const struct measured *id, const struct dump_creator **creator)
{
	const struct dump_creator key = {.id = *id};
	if (!id->known)
		return 0;
	if (dump->creator_count)
		*creator = bsearch(
			&key, dump->creators, dump->creator_count, sizeof(key), creator_compare);
	return *creator ? 0 : refuse_at(lines, line, "creator", id->value);
}

static int link_creators(struct lines *lines, struct dump *dump)
{
	for (size_t i = 0; i < dump->thread_count; i++) {
		struct dump_thread *thread = &dump->threads[i];
		if (link_creator(lines, dump, thread->line, &thread->creator, &thread->created_by))
			return -1;
	}
	for (size_t i = 0; i < dump->timer_count; i++) {
		struct dump_timer *timer = &dump->timers[i];
		if (link_creator(lines, dump, timer->line, &timer->creator, &timer->created_by))
			return -1;
	}
	for (size_t i = 0; i < dump->unjoined_count; i++) {
		struct dump_unjoined *unjoined = &dump->unjoined[i];
		if (link_creator(
			    lines, dump, unjoined->line, &unjoined->creator, &unjoined->created_by))
			return -1;
	}
	return 0;
}

static int fd_compare(const void *a, const void *b)
{
	const struct dump_fd *one = a, *other = b;
	return strcmp(one->object, other->object);
}

/* A thread may wait on a descriptor that the dump does not explain. */
static void link_fds(struct dump *dump)
{
	for (size_t i = 0; i < dump->thread_count && dump->fd_count; i++) {
		struct dump_thread *thread = &dump->threads[i];
		struct dump_fd key = {.object = thread->object};
		if (thread->object)
			thread->fd =
				bsearch(&key, dump->fds, dump->fd_count, sizeof(key), fd_compare);
	}
}

static int check_fds(struct lines *lines, const struct dump *dump)
{
	for (size_t i = 0; i < dump->fd_count; i++) {
		lines->number = dump->fds[i].line;
		if (!dump->fds[i].object)
			return lines_refuse(lines, "a descriptor without object");
	}
	return 0;
}

static int proof_compare(const void *a, const void *b)
{
	const struct dump_proof *one = a, *other = b;
	return (one->thread.value > other->thread.value) -
	       (one->thread.value < other->thread.value);
}

static int check_proofs(struct lines *lines, const struct dump *dump)
{
	for (size_t i = 0; i < dump->proof_count; i++) {
		struct dump_proof *proof = &dump->proofs[i];
		const char *wrong = NULL;
		lines->number = proof->line;
		if (!proof->thread.known || !proof->verdict)
			return lines_refuse(lines, "a proof without thread or verdict");
		if (proof->chain_text)
			wrong = chain_read(dump->pool, proof->chain_text, &proof->chain);
		if (wrong)
			return lines_refuse(
				lines, "%s in column chain: '%.40s'", wrong, proof->chain_text);
	}
	return 0;
}

static int check_proofs_once(struct lines *lines, const struct dump *dump)
{
	for (size_t i = 1; i < dump->proof_count; i++) {
		const struct dump_proof *proof = &dump->proofs[i];
		if (proof->thread.value != proof[-1].thread.value)
			continue;
		lines->number = proof->line > proof[-1].line ? proof->line : proof[-1].line;
		return lines_refuse(
			lines, "a second proof of thread %lu", (unsigned long)proof->thread.value);
	}
	return 0;
}

/* A thread of which something was proven may have ended before the dump was taken. */
static void link_proofs(struct dump *dump)
{
	for (size_t i = 0; i < dump->thread_count && dump->proof_count; i++) {
		struct dump_thread *thread = &dump->threads[i];
		struct dump_proof key = {.thread = thread->id}, *proof = NULL;
		if (thread->id.known)
			proof = bsearch(
				&key, dump->proofs, dump->proof_count, sizeof(key), proof_compare);
		if (proof)
			proof->of = thread;
		thread->proof = proof;
	}
}

static int check_creators(struct lines *lines, const struct dump *dump)
{
	for (size_t i = 1; i < dump->creator_count; i++) {
		const struct dump_creator *creator = &dump->creators[i];
		if (creator->id.value != creator[-1].id.value)
			continue;
		lines->number = creator->line > creator[-1].line ? creator->line : creator[-1].line;
		return lines_refuse(
			lines, "a second creator %lu", (unsigned long)creator->id.value);
	}
	return 0;
}

static int check_modules(struct lines *lines, const struct dump *dump)
{
	for (size_t i = 0; i < dump->module_count; i++) {
		const struct dump_module *module = &dump->modules[i];
		lines->number = module->line;
		if (module->start.value > module->end.value)
			return lines_refuse(lines, "a module that ends before its start");
		if (module->bias.value > module->start.value)
			return lines_refuse(lines, "a module with a bias above its start");
	}
	return 0;
}

static int check_threads(struct lines *lines, const struct dump *dump)
{
	for (size_t i = 0; i < dump->thread_count; i++) {
		const struct measured *group = &dump->threads[i].group;
		if (group->known && (!group->value || group->value > dump->group_count))
			return refuse_at(lines, dump->threads[i].line, "group", group->value);
	}
	return 0;
}

static void sort(
	void *items, size_t count, size_t bytes, int (*compare)(const void *, const void *))
{
	/* An empty list is NULL, which qsort() may not be given. */
	if (count)
		qsort(items, count, bytes, compare);
}

int links_make(struct lines *lines, struct dump *dump)
{
	sort(dump->creators, dump->creator_count, sizeof(*dump->creators), creator_compare);
	sort(dump->modules, dump->module_count, sizeof(*dump->modules), module_compare);
	if (check_creators(lines, dump) || check_modules(lines, dump) ||
		check_threads(lines, dump) || check_fds(lines, dump) || check_proofs(lines, dump))
		return -1;
	sort(dump->fds, dump->fd_count, sizeof(*dump->fds), fd_compare);
	link_fds(dump);
	sort(dump->proofs, dump->proof_count, sizeof(*dump->proofs), proof_compare);
	if (check_proofs_once(lines, dump))
		return -1;
	link_proofs(dump);
	return link_creators(lines, dump);
}
