/*
 * proof.c - proofs by thread, through the dumps of a history.
 */
#include "analyzer/proof.h"
#include "preload/contract/dump.h"

#include <stdlib.h>
#include <string.h>

bool proof_says(const struct dump_proof *proof, const char *verdict)
{
	return proof && !strcmp(proof->verdict, verdict);
}

bool proof_is_certain(const struct dump_proof *proof)
{
	return proof_says(proof, DUMP_UNREACHABLE) && !proof->reasons;
}

static int thread_compare(const void *key, const void *item)
{
	uint64_t id = *(const uint64_t *)key;
	uint64_t other = ((const struct dump_proof *)item)->thread.value;
	return (id > other) - (id < other);
}

/* The earlier dump's proof about the very wait that the thread is in now. */
static const struct dump_proof *proof_then(
	const struct dump *dump, const struct dump_thread *thread)
{
	if (!thread->id.known || !thread->waits.known || !dump->proof_count)
		return NULL;
	const struct dump_proof *proof = bsearch(
		&thread->id.value, dump->proofs, dump->proof_count, sizeof(*proof), thread_compare);
	bool same = proof && proof->of && proof->of->waits.known &&
		    proof->of->waits.value == thread->waits.value;
	return same ? proof : NULL;
}

/* From the newest on: what was reached is, for all that is known, reached still, even where an older dump said
 * otherwise; a proof is final; anything less may be bettered by an older one. */
const struct dump_proof *proof_of_thread(
	const struct history *history, const struct dump_thread *thread)
{
	const struct dump_proof *best = thread->proof;
	for (size_t i = history->count - 1;
		i && !proof_is_certain(best) && !proof_says(best, DUMP_REACHED); i--) {
		const struct dump_proof *proof = proof_then(history->moments[i - 1].dump, thread);
		if (!best || proof_says(proof, DUMP_UNREACHABLE))
			best = proof;
	}
	return best;
}

size_t proof_count(const struct dump *dump, const char *verdict)
{
	size_t count = 0;
	for (size_t i = 0; i < dump->proof_count; i++)
		count += proof_says(&dump->proofs[i], verdict);
	return count;
}
