/*
 * api.c - the functions of include/leakwatch.h.
 *
 * What takes longer than a few stores is the watcher's work: the caller asks it over the control socket, as at exit, and
 * waits. So a check counts what a dump would show. Nothing here allocates from the host; errno is kept because
 * only system calls of our own are made.
 */
#include "preload/api.h"
#include "preload/config.h"
#include "preload/control.h"
#include "preload/real.h"
#include "preload/scopes.h"
#include "preload/slot.h"
#include "preload/sys.h"
#include "preload/watcher.h"

#include <time.h>

#define NOT_MEASURED  (-1)
#define PAUSE_MS_MOST 64

static struct slot *slot_own(void)
{
	if (!slot_self)
		slot_self = slot_claim();
	return slot_usable(slot_self) ? slot_self : NULL;
}

static bool watcher_there(void)
{
	watcher_start();
	return !config.off;
}

/* --- dump and check ------------------------------------------------------------------------------- */

INTERPOSE int leakwatch_api_dump(void)
{
	return watcher_there() && control_request_dump() ? 0 : NOT_MEASURED;
}

static void pause_ms(unsigned ms)
{
	struct timespec time = {0, (long)ms * 1000000};
	sys_call2(SYS_nanosleep, (long)&time, 0);
}

INTERPOSE int leakwatch_api_check(unsigned grace_ms)
{
	struct slot *self = slot_own();
	if (!watcher_there())
		return NOT_MEASURED;
	uint64_t end_ns = sys_clock_ns(CLOCK_MONOTONIC) + grace_ms * UINT64_C(1000000);
	for (unsigned pause = 1;; pause += pause < PAUSE_MS_MOST ? pause : 0) {
		int left = control_request_check(self ? self->scope : NULL);
		if (left <= 0)
			return left < 0 ? NOT_MEASURED : 0;
		if (sys_clock_ns(CLOCK_MONOTONIC) >= end_ns) {
			control_request_check_dump();
			return left;
		}
		pause_ms(pause);
	}
}

/* --- the calling thread --------------------------------------------------------------------------- */

INTERPOSE void leakwatch_api_ignore_thread(void)
{
	struct slot *self = slot_own();
	if (self)
		self->ignored = true;
}

INTERPOSE void leakwatch_api_scope_begin(const char *name)
{
	struct slot *self = slot_own();
	if (!self)
		return;
	/* Within one that could not be had there is none either: each end must find its begin. */
	const struct scope *scope =
		self->scopes_lost ? scope_lose() : scope_within(self->scope, name);
	if (scope)
		self->scope = scope;
	else
		self->scopes_lost++;
}

INTERPOSE void leakwatch_api_scope_end(void)
{
	struct slot *self = slot_own();
	if (!self)
		return;
	if (self->scopes_lost)
		self->scopes_lost--;
	else if (self->scope)
		self->scope = self->scope->parent;
}
