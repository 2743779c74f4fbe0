/*
 * words.h - numbers and contract words as a person reads them.
 */
#ifndef LEAKWATCH_WORDS_H
#define LEAKWATCH_WORDS_H

#include "analyzer/memory.h"

#include <stdint.h>

/* "waiting on a condition variable" for "cond_wait"; for a word that this leakwatch does not know,
 * "in WORD". Lives as long as the pool. */
const char *words_of_wait(struct pool *pool, const char *wait);

/* "stacks could not be copied in this dump" for "stack_unreadable"; the cause itself if not known. */
const char *words_of_loss(const char *cause);

/* "a signal is pending, whose value may be a pointer" for "signals"; "the heap" for "heap"; the word itself if not
 * known. */
const char *words_of_reason(const char *reason);
const char *words_of_link(const char *link);

/* "0 s", "under 1 ms", "250 ms", "3 s", "5 min 3 s", "2 h 10 min", "3 d 4 h": two units at most, the second only
 * where it tells something. */
const char *words_of_duration(struct pool *pool, uint64_t ns);

/* "2026-11-22 02:45:05 UTC" */
const char *words_of_time(struct pool *pool, uint64_t ns);

/* "512 bytes", "8 MiB" */
const char *words_of_bytes(struct pool *pool, uint64_t bytes);

/* "1 thread", "2 threads" */
const char *words_of_count(struct pool *pool, uint64_t count, const char *noun);

#endif
