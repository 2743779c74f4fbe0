/*
 * sieve.h - which rule holds back which threads and timers of a dump.
 *
 * Each answers with the first rule that matches, or NULL; who holds something back for it counts that in
 * rule->matches. The main thread is never held back.
 */
#ifndef LEAKWATCH_SIEVE_H
#define LEAKWATCH_SIEVE_H

#include "analyzer/group.h"
#include "analyzer/remains.h"
#include "analyzer/suppress.h"

/* The threads of one group, which have a stack in common, and most of them a creator too. */
struct sieve {
	const struct suppressions *rules;
	const struct tracer *tracer;
	struct trace stack;
	/* What is known of the threads of one creator. */
	bool begun;
	const struct dump_creator *creator;
	struct rule *of_stacks;
};

/* The tracer is of the dump that the group is of. Both must outlive the sieve. */
struct sieve sieve_of_group(
	const struct suppressions *rules, const struct tracer *tracer, const struct group *group);

struct rule *sieve_thread(struct sieve *sieve, const struct dump_thread *thread);

struct rule *sieve_unjoined(const struct suppressions *rules, const struct tracer *tracer,
	const struct unjoined_group *group);
struct rule *sieve_timers(const struct suppressions *rules, const struct tracer *tracer,
	const struct timer_group *group);

/* Takes all threads that rules hold back out of the groups, and counts them; groups may be left empty. */
void sieve_groups(
	const struct suppressions *rules, const struct tracer *tracer, const struct groups *groups);

#endif
