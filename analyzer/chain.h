/*
 * chain.h - the way from a root to what a thread waits for: the links of the proof section, read.
 */
#ifndef LEAKWATCH_CHAIN_H
#define LEAKWATCH_CHAIN_H

#include "analyzer/dump.h"
#include "analyzer/memory.h"

/* "static:0x55d0a0e0,heap:0x55d0d2c0:64" -> links, which live as long as the pool. A word that this reader does not
 * know is a link without anything else. NULL, or what is wrong with the text. */
const char *chain_read(struct pool *pool, const char *text, struct chain *chain);

#endif
