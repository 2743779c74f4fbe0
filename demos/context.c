/*
 * context.c - a tree of cancellations.
 *
 * A child watches its parent, as a waiting thread does, so one list serves both. Cancelling holds
 * the context's mutex while it makes the calls: that lets context_unwatch() promise that a call is
 * over. Locks are therefore taken from parent to child, and a context's before those that the calls
 * take.
 */
#include "demos/context.h"
#include "demos/object.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#define SECOND_NS 1000000000u

struct context {
	pthread_mutex_t mutex; /* guards watches and the step to cancelled */
	_Atomic bool cancelled;
	struct context_watch *watches;
	struct context *parent;
	struct context_watch in_parent;
	bool has_deadline; /* constant, as is deadline */
	struct timespec deadline;
};

static bool time_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

static struct timespec time_from_now(uint64_t ns)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	uint64_t nsec = (uint64_t)at.tv_nsec + ns % SECOND_NS;
	at.tv_sec += (time_t)(ns / SECOND_NS + nsec / SECOND_NS);
	at.tv_nsec = (long)(nsec % SECOND_NS);
	return at;
}

static void cancel_child(void *child)
{
	context_cancel(child);
}

static struct context *make(struct context *parent, const struct timespec *deadline)
{
	struct context *context = object_alloc(sizeof *context);
	pthread_mutex_init(&context->mutex, NULL);
	const struct timespec *inherited = context_deadline(parent);
	if (inherited && (!deadline || time_before(inherited, deadline)))
		deadline = inherited;
	context->has_deadline = deadline != NULL;
	if (deadline)
		context->deadline = *deadline;
	context->parent = parent;
	context->in_parent.cancelled = cancel_child;
	context->in_parent.argument = context;
	context_watch(parent, &context->in_parent);
	return context;
}

struct context *context_make(struct context *parent)
{
	return make(parent, NULL);
}

struct context *context_make_timeout(struct context *parent, uint64_t timeout_ns)
{
	struct timespec deadline = time_from_now(timeout_ns);
	return make(parent, &deadline);
}

static void watch_unlink(struct context_watch *watch)
{
	*watch->link = watch->next;
	if (watch->next)
		watch->next->link = watch->link;
	watch->link = NULL;
}

void context_cancel(struct context *context)
{
	pthread_mutex_lock(&context->mutex);
	atomic_store(&context->cancelled, true);
	while (context->watches) {
		struct context_watch *watch = context->watches;
		watch_unlink(watch);
		watch->cancelled(watch->argument);
	}
	pthread_mutex_unlock(&context->mutex);
}

void context_free(struct context *context)
{
	context_unwatch(context->parent, &context->in_parent);
	pthread_mutex_destroy(&context->mutex);
	object_free(context);
}

const struct timespec *context_deadline(const struct context *context)
{
	return context && context->has_deadline ? &context->deadline : NULL;
}

enum context_state context_state(struct context *context)
{
	if (!context)
		return CONTEXT_LIVE;
	if (atomic_load(&context->cancelled))
		return CONTEXT_CANCELLED;
	if (!context->has_deadline)
		return CONTEXT_LIVE;
	struct timespec now = time_from_now(0);
	return time_before(&now, &context->deadline) ? CONTEXT_LIVE : CONTEXT_EXPIRED;
}

bool context_done(struct context *context)
{
	return context_state(context) != CONTEXT_LIVE;
}

void context_watch(struct context *context, struct context_watch *watch)
{
	watch->link = NULL;
	if (!context)
		return;
	pthread_mutex_lock(&context->mutex);
	if (atomic_load(&context->cancelled)) {
		watch->cancelled(watch->argument);
	} else {
		watch->next = context->watches;
		watch->link = &context->watches;
		if (watch->next)
			watch->next->link = &watch->next;
		context->watches = watch;
	}
	pthread_mutex_unlock(&context->mutex);
}

void context_unwatch(struct context *context, struct context_watch *watch)
{
	if (!context)
		return;
	pthread_mutex_lock(&context->mutex);
	if (watch->link)
		watch_unlink(watch);
	pthread_mutex_unlock(&context->mutex);
}

/* A sleeper that can be woken. */
struct sleeper {
	pthread_mutex_t mutex;
	pthread_cond_t woken;
};

static void sleeper_wake(void *argument)
{
	struct sleeper *sleeper = argument;
	pthread_mutex_lock(&sleeper->mutex);
	pthread_cond_signal(&sleeper->woken);
	pthread_mutex_unlock(&sleeper->mutex);
}

static bool sleep_until(struct context *context, const struct timespec *end)
{
	struct sleeper sleeper = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER};
	struct context_watch watch = {.cancelled = sleeper_wake, .argument = &sleeper};
	const struct timespec *deadline = context_deadline(context);
	const struct timespec *until = deadline && time_before(deadline, end) ? deadline : end;
	int error = 0;

	context_watch(context, &watch);
	pthread_mutex_lock(&sleeper.mutex);
	while (error != ETIMEDOUT && !context_done(context))
		error = pthread_cond_clockwait(
			&sleeper.woken, &sleeper.mutex, CLOCK_MONOTONIC, until);
	pthread_mutex_unlock(&sleeper.mutex);
	context_unwatch(context, &watch);
	return error == ETIMEDOUT && until == end;
}

bool context_sleep(struct context *context, uint64_t sleep_ns)
{
	struct timespec end = time_from_now(sleep_ns);
	if (context)
		return sleep_until(context, &end);
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == EINTR)
		continue;
	return true;
}
