/*
 * keepers.h - what a proof found, in words: what keeps an object within reach, and what kept the proof from knowing.
 *
 * Texts are printable and live as long as the report.
 */
#ifndef LEAKWATCH_KEEPERS_H
#define LEAKWATCH_KEEPERS_H

#include "analyzer/report.h"

/* "g_pool+0x40 -> heap -> condition variable"; NULL without a chain. */
const char *keepers_chain(const struct report *report, const struct dump_thread *thread);

/* "g_pool+0x40", "libfoo.so+0x1f30", "leak_recv (leaklab.c:127)": what has a name in the place of a link; NULL: nothing. */
const char *keepers_name(const struct report *report, const struct dump_link *link);

/* "a signal is pending, whose value may be a pointer" for "signals"; of several, with ", and because " between. */
const char *keepers_reasons(struct pool *pool, const char *reasons);

/* Sentences on the threads whose waits were looked at and not found unreachable, each once, those about most threads
 * first; after some, one says how many more there are. */
struct rows keepers_sentences(const struct report *report, const struct dump_thread *const *threads,
	size_t count); /* const char * */

#endif
