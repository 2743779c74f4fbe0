/*
 * prover.h - asks twice, some time apart, which waits can never end, and keeps what both answers agree on.
 *
 * Watcher only. The thinking is done in a copy of the process (picture.h), so that the process is held up no longer than
 * it takes to make the copy. A second picture is taken only if the first leaves somebody unreachable.
 */
#ifndef LEAKWATCH_PROVER_H
#define LEAKWATCH_PROVER_H

#include "preload/proof.h"

#include <stdbool.h>
#include <stdint.h>

/* Of one thread that was a candidate. */
struct proven {
	uint64_t id;
	const struct slot *slot;
	uint64_t word; /* of the slot: the wait that is spoken of */
	enum proof_verdict verdict; /* never PROOF_NONE */
	uint32_t reasons; /* bits of enum reason */
	uint32_t link_count;
	struct link_shown links[DUMP_LINKS_MAX];
};

struct proving {
	const struct proven *rows; /* by tid; valid until the next call */
	uint32_t count;
	unsigned pictures; /* that were looked at */
	uint64_t took_ns;
	uint64_t stall_ns; /* the longest time for which a copy was being made */
	uint64_t scanned_bytes, cpu_ns; /* in one picture, and what thinking about it took */
};

/*
 * Proves. pause is called to let time pass, again and again; when it returns false the proof ends at once, with nothing
 * measured. gap_ns is the time between the pictures, limit_ns how long a copy may think.
 *
 * Takes gap_ns and what the copies need; leaves no child behind.
 */
struct proving prove(bool (*pause)(uint64_t ns), uint64_t gap_ns, uint64_t limit_ns);

/* After a snapshot that is to go with it: those that have moved on since are not measured. */
void proving_confirm(struct proving *proving);

/* In the child of a fork: starts over. */
void prover_forget(void);

#endif
