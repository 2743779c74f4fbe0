/*
 * writer_proof.h - what was proven -> its lines in a dump (docs/dump-format.md). Watcher only.
 */
#ifndef LEAKWATCH_WRITER_PROOF_H
#define LEAKWATCH_WRITER_PROOF_H

#include "preload/prover.h"
#include "preload/text.h"

/* Appends the line of the header, and the section. */
void proof_header_write(struct text *text, const struct proving *proving);
void proof_write(struct text *text, const struct proving *proving);

/* Has the modules section tell the modules that chains go through (modules_note()). */
void proof_modules(const struct proving *proving);

#endif
