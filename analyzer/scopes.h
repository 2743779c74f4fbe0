/*
 * scopes.h - in which scopes (leakwatch.h) the threads or timers of a finding or a group were made.
 */
#ifndef LEAKWATCH_ANALYZER_SCOPES_H
#define LEAKWATCH_ANALYZER_SCOPES_H

#include "analyzer/finding.h"

/* "suite/session", or "a (3), b (2) and 4 more", by falling count. NULL: in none. Printable, of the pool. */
const char *scopes_of_finding(struct pool *pool, const struct finding *finding);
const char *scopes_of_group(struct pool *pool, const struct group *group);

#endif
