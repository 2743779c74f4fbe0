/*
 * chain.h - how a thread that lives after all is reached: from a root, link by link, to what it waits for.
 *
 * In the child of picture.h, once everything is marked.
 */
#ifndef LEAKWATCH_CHAIN_H
#define LEAKWATCH_CHAIN_H

#include "preload/proof.h"

/* Writes the chain of a candidate that lives into its row. */
void chain_write(const struct stills *all, uint32_t thread, struct proof_row *row);

#endif
