/*
 * stage.h - what the process consists of at this moment, one printed line per stage of a demo:
 *
 *   [after linger] threads=2001 heap_alloc=2216544 heap_objects=2002 rss=20410368 timers=0
 *
 *   threads       threads of the process, without the one that leakwatch adds
 *   heap_alloc    bytes that malloc has given out
 *   heap_objects  objects of the demo itself that are alive (see object.h)
 *   rss           resident bytes
 *   timers        POSIX timers that exist; "-" where the kernel does not tell
 *
 * All is read from the kernel and from malloc, not from what the demo believes. Any thread may call.
 */
#ifndef LEAKWATCH_DEMO_STAGE_H
#define LEAKWATCH_DEMO_STAGE_H

#include <stddef.h>

/* Prints the line of the stage with this name on stdout. */
void stage_print(const char *name);

/* The number after "threads=". */
size_t stage_threads(void);

/* Waits until no more than this many threads are left, two seconds at most: a thread that has said
 * it is done, or was joined, is still the kernel's for a moment. */
void stage_settle(size_t threads);

#endif
