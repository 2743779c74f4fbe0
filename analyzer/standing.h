/*
 * standing.h - whether those who created threads are still at it.
 */
#ifndef LEAKWATCH_STANDING_H
#define LEAKWATCH_STANDING_H

#include "analyzer/judge.h"

/* Whether the function that created, or its caller (the first is often a helper), stands on somebody's stack, so that
 * it may still come to join, or to wake. A function without a name may stand anywhere, and counts. main() counts if
 * main_counts: it stands for as long as the program runs, whatever it has to do with the threads by now. */
bool standing_creator(
	const struct judging *judging, const struct dump_creator *creator, bool main_counts);

#endif
