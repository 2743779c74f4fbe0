/*
 * recover.h - a frame pointer that nobody saved, found again on the stack.
 *
 * Of a thread that no wrapper saw, the kernel tells pc and sp only. Code that keeps a frame pointer
 * cannot be left without it. It points at a record on the stack, the caller's frame pointer and the
 * return address; a word pair that could be that record is recognised by the code that it returns to.
 * A guess, therefore, and marked as one.
 *
 * Watcher only: reads code and tables through the kernel. The stepper must be guarded.
 */
#ifndef LEAKWATCH_RECOVER_H
#define LEAKWATCH_RECOVER_H

#include "preload/step.h"

#include <stdbool.h>

/* How far above sp a record is looked for: locals are rarely larger. A view should reach that far, as
 * in a shorter one a worse candidate may win. */
#define RECOVER_BYTES 32768

/* For a frame whose rule needs bp, which is not known: finds it, sets it and steps. STEP_OUTSIDE if the
 * view ended first, STEP_UNKNOWN if there is nothing that fits. */
enum step recover_pointer(struct stepper *stepper, struct frame *frame);

/* For a frame in code without unwind information: steps to the frame that bp's record leads to.
 * STEP_NO_RULE if bp is not known or its record does not hold together. */
enum step recover_caller(struct stepper *stepper, struct frame *frame);

#endif
