/*
 * scheduling.h - our threads run as the process did when it was started.
 *
 * A thread inherits priority and processors of its creator, which may be a real-time thread pinned to a
 * processor that is its own: looking at ten thousand threads there would be noticed.
 */
#ifndef LEAKWATCH_SCHEDULING_H
#define LEAKWATCH_SCHEDULING_H

/* From the constructor: on which processors the process may run. */
void scheduling_note(void);

/* In a thread of ours: ordinary priority, those processors. */
void scheduling_plain(void);

#endif
