/*
 * unwind.h - libunwind, for the frames that plain rules cannot step.
 *
 * The only place that knows libunwind. It is opened at run time and never linked: a process in which
 * its _Unwind_* functions came before those of libgcc would crash in exceptions and cancellations.
 */
#ifndef LEAKWATCH_UNWIND_H
#define LEAKWATCH_UNWIND_H

#include "preload/step.h"

#include <stdbool.h>

/* Opens libunwind. From a thread of ours only, never a host's: it takes the loader's lock, so it may
 * wait as long as a host thread holds that. False if it cannot be had; once is enough. */
bool unwind_open(void);

/* Whether unwind_open() has succeeded, or was tried and failed. Any thread, any time. */
bool unwind_ready(void);
bool unwind_failed(void);

/* Whether a frame has needed libunwind before it was open. Watcher only. */
bool unwind_wanted(void);

/* In the child of a fork: a step that the parent's watcher was in the middle of has left libunwind's locks
 * held; it is not used any more then. */
void unwind_forget(void);

/*
 * One step for one frame: as step_by_rule(), STEP_NO_RULE if libunwind has no way out either. A
 * caller's frame.exact must come from the rule's signal_frame. Watcher only: libunwind allocates
 * (mappings of its own) and takes locks (its own). Works on the stepper's view and its guarded objects.
 */
enum step unwind_step(struct stepper *stepper, struct frame *frame, bool signal_frame);

#endif
