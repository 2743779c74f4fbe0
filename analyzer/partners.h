/*
 * partners.h - what is known of those who should have woken accused threads.
 */
#ifndef LEAKWATCH_PARTNERS_H
#define LEAKWATCH_PARTNERS_H

#include "analyzer/judge.h"

/* Adds a sentence on the wakers of the objects that the accused threads wait on; none where the dump is silent on
 * all of them. */
void partners_say(struct judging *judging, struct finding *finding);

#endif
