/*
 * threads.h - the lives of threads: created where, finished, joined, detached.
 *
 * Called by the interposers of shim_threads.c around the real calls. Nothing here waits or allocates
 * from the host; errno is left alone.
 */
#ifndef LEAKWATCH_THREADS_H
#define LEAKWATCH_THREADS_H

#include "preload/slot.h"

/* Once, from the constructor: the key whose destructor sees threads finish; the main thread's slot. */
void threads_init(void);

/* In the child of a fork: the calling thread is its main thread. */
void threads_forget(void);

/* What glibc tells debuggers of its record of a thread, whose address is the handle: its size, and where the
 * kernel's id of the thread stands in it, which is 0 once the thread has ended. False where it does not say. */
bool threads_record(uint32_t *bytes, uint32_t *tid_at);

/*
 * Before a real creation: a slot for the child with its creator's stack, NULL when there is none to be
 * had (the creation then goes on unrecorded). stack_bytes and detached are what its attributes say.
 * After it: thread_created() on success, when the slot may be another's already; thread_not_created() on
 * failure.
 */
struct slot *thread_prepare(
	void *(*start)(void *), void *argument, const pthread_attr_t *attributes);
void thread_created(void);
void thread_not_created(struct slot *slot);

/* The start routines given to the real functions, with the slot as their argument. They end in a jump
 * to the host's own, so that they stand in nobody's stack. */
void *thread_start(void *slot);
int thread_start_c11(void *slot);

/* Arranges that the end of the calling thread is noticed; also for one claimed by slot_claim(). */
void thread_mark(struct slot *slot);

/* What the watcher found in /proc, for threads that end without destructors: the thread with this id. */
void thread_vanished(struct slot *slot, uint64_t id);

/*
 * A join or a detach. thread_target() before the real call: the slot of the thread and its id (0 when
 * it has none). thread_joined() after a successful join; thread_detaching() before a detach.
 */
struct target {
	struct slot *slot;
	uint64_t id;
};
struct target thread_target(pthread_t thread);
void thread_joined(struct target target);
void thread_detaching(struct target target);

/* Notes a name set by pthread_setname_np. */
void thread_named(pthread_t thread, const char *name);

#endif
