/*
 * links.h - the references between a dump's records, once all are read.
 */
#ifndef LEAKWATCH_LINKS_H
#define LEAKWATCH_LINKS_H

#include "analyzer/lines.h"

/* Sorts creators by id, modules by address and descriptors by object, checks them, checks that groups exist that threads
 * name, reads the chains of proofs, and sets created_by, fd and proof. -1 with a complaint, by way of lines, about the record's own line. */
int links_make(struct lines *lines, struct dump *dump);

#endif
