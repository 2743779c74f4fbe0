/*
 * proof.h - what the proofs of a dump, and of those before it, say of its threads.
 */
#ifndef LEAKWATCH_PROOF_H
#define LEAKWATCH_PROOF_H

#include "analyzer/history.h"

/* What is known of whether anybody can reach what the thread of the last dump waits for; NULL: nothing. A proof in an
 * earlier dump counts as long as the thread is in the same wait: what nobody can reach stays so. But what was
 * reached, or not certain, or not measured then is only told where the last dump says nothing better. */
const struct dump_proof *proof_of_thread(
	const struct history *history, const struct dump_thread *thread);

/* Whether a proof, which may be NULL, has this verdict: one of DUMP_UNREACHABLE and so on. */
bool proof_says(const struct dump_proof *proof, const char *verdict);

/* Whether it says unreachable, and nothing speaks against it. */
bool proof_is_certain(const struct dump_proof *proof);

/* How many of the dump's own proofs have this verdict. */
size_t proof_count(const struct dump *dump, const char *verdict);

#endif
