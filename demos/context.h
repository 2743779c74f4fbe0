/*
 * context.h - when to give up: cancellation and deadlines, handed down from caller to callee.
 *
 * A context is live until it is cancelled, its deadline passes, or the same happens to its parent;
 * then it is done for good. Whoever makes a context frees it, after everything below it is gone:
 * children, watches, and calls that were given it.
 *
 * NULL is the context that is never done. Every call but context_cancel() and context_free() takes it.
 *
 * No thread and no timer stands behind a deadline: whoever waits under a context waits no longer
 * than context_deadline(). All calls may be made by any thread.
 */
#ifndef LEAKWATCH_DEMO_CONTEXT_H
#define LEAKWATCH_DEMO_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct context;

enum context_state {
	CONTEXT_LIVE = 0,
	CONTEXT_CANCELLED,
	CONTEXT_EXPIRED, /* its deadline, or an ancestor's, has passed */
};

/* Makes a context below parent. Exits the program where memory is out (see object.h). */
struct context *context_make(struct context *parent);

/* As context_make(), and done at the latest timeout_ns from now. */
struct context *context_make_timeout(struct context *parent, uint64_t timeout_ns);

/* Ends a context and all below it. Harmless when repeated. */
void context_cancel(struct context *context);

/* Frees a context, cancelled or not. */
void context_free(struct context *context);

enum context_state context_state(struct context *context);

/* Whether it is time to give up. */
bool context_done(struct context *context);

/* The deadline on CLOCK_MONOTONIC, the nearest of its own and its ancestors'; NULL where there is
 * none. Valid as long as the context. */
const struct timespec *context_deadline(const struct context *context);

/* Sleeps, and wakes early when the context is done. Says whether it slept the whole time. */
bool context_sleep(struct context *context, uint64_t sleep_ns);

/*
 * A watch: a call that a cancellation makes, so that a waiting thread can be woken. It belongs to the
 * caller, who sets the first two members and keeps it in place until context_unwatch() returns.
 *
 * The call comes at most once, from the cancelling thread; from within context_watch() where the
 * context was already cancelled. It must not call back into the same context. A deadline that
 * passes calls nobody.
 */
struct context_watch {
	void (*cancelled)(void *argument);
	void *argument;
	struct context_watch *next, **link; /* context.c's own */
};

void context_watch(struct context *context, struct context_watch *watch);

/* After it, the call is neither running nor to come. Not under a lock that the call takes. */
void context_unwatch(struct context *context, struct context_watch *watch);

#endif
