/*
 * relations.h - who waits for whom in a dump: threads by id, the wakers and owners of what they wait on, and
 * the graph of threads that wait for threads.
 */
#ifndef LEAKWATCH_RELATIONS_H
#define LEAKWATCH_RELATIONS_H

#include "analyzer/dump.h"
#include "analyzer/memory.h"

struct relations;

/* Lives until relations_free(), which the dump must outlive. */
struct relations *relations_of_dump(const struct dump *dump, struct pool *pool);
void relations_free(struct relations *relations); /* NULL is allowed */

/* The thread with this never-reused id; NULL if it is not in the dump. */
const struct dump_thread *relations_thread(const struct relations *relations, uint64_t id);

/* "the main thread", "thread 17 (worker 3)", "thread with kernel id 4711". Printable. */
const char *relations_thread_words(struct pool *pool, const struct dump_thread *thread);

/* The group of the dump that a thread is in; NULL if it does not say. */
const struct dump_group *relations_group(
	const struct relations *relations, const struct dump_thread *thread);

/* Whether the thread is in this kind of wait (a word of waits.def). */
bool relations_waits(
	const struct relations *relations, const struct dump_thread *thread, const char *wait);

/* Whether its wait is without a time limit, and was recorded by a wrapper. */
bool relations_waits_for_ever(const struct relations *relations, const struct dump_thread *thread);

/* What is known of the object that the thread waits on; NULL if nothing is. */
const struct dump_waker *relations_waker(
	const struct relations *relations, const struct dump_thread *thread);
const struct dump_owner *relations_owner(
	const struct relations *relations, const struct dump_thread *thread);

/* Of a semaphore that seems to be used as a lock: who holds it, then. NULL for other waits. */
const struct dump_owner *relations_holder(
	const struct relations *relations, const struct dump_thread *thread);

/* The same, of a semaphore that was posted before, and by those that had passed only: it is one. */
const struct dump_owner *relations_lock_holder(
	const struct relations *relations, const struct dump_thread *thread);

/* The thread that must act before this one can go on: the owner of the lock that it waits for, or the
 * thread that it joins. NULL if it waits for no such thing or the other is not in the dump. */
const struct dump_thread *relations_waits_for(
	const struct relations *relations, const struct dump_thread *thread);

/* The same, or the other thread that seems to hold the semaphore that this one waits for. */
const struct dump_thread *relations_seems_to_wait_for(
	const struct relations *relations, const struct dump_thread *thread);

#endif
