/*
 * partners.h - what is known of those who should let accused threads go on.
 */
#ifndef LEAKWATCH_PARTNERS_H
#define LEAKWATCH_PARTNERS_H

#include "analyzer/judge.h"

/* Adds a sentence on the wakers of the objects, or on a descriptor, that the accused threads wait on; none where
 * the dump is silent on all of them. */
void partners_say(struct judging *judging, struct finding *finding);

#endif
