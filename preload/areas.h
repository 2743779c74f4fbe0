/*
 * areas.h - the stacks of threads as stretches of memory: whose they are, which part is in use.
 *
 * A stack of glibc's ends in its thread's static thread-local storage and, last, glibc's record of the thread, whose
 * address is the thread's handle. In the child of picture.h: reads the memory directly.
 */
#ifndef LEAKWATCH_AREAS_H
#define LEAKWATCH_AREAS_H

#include "preload/space.h"
#include "preload/still.h"

#define AREA_NOBODY UINT32_MAX

/* Of a thread, in the order of stills. */
struct area {
	uintptr_t start; /* the lowest address that the stack may use */
	uintptr_t low; /* from here up its frames are in use */
	uintptr_t handle; /* end of frames and thread-local storage; 0: the area is not known */
	uintptr_t
		end; /* of glibc's record; of the main thread, whose record is elsewhere, as handle */
};

/* Finds the area of each thread, and the stacks that nobody has. False when memory is short, or glibc's record of a
 * thread has an unknown form. */
bool areas_read(const struct space *space, const struct stills *stills);

const struct area *area_of(uint32_t thread);

/* Calls note for the stacks of threads that have ended: all but glibc's record, which may hold the result. */
void areas_each_ended(void (*note)(void *context, uintptr_t start, uintptr_t end), void *context);

/* Enters a thread's area for areas_find(), from low to end; after the last, areas_sort(). False when memory is short. */
bool area_enter(uint32_t thread);
void areas_sort(void);

/* The thread whose entered area holds address; AREA_NOBODY if none does. */
uint32_t areas_find(uintptr_t address);

/* Calls note for each entered area. */
void areas_each(void (*note)(void *context, uintptr_t start, uintptr_t end), void *context);

#endif
