/*
 * watcher-per-reload.c - each reload of the configuration starts a watcher, and the old one stays.
 *
 * class: thread
 * cause: the reload does not stop what the last one started
 * expect: growing
 * where: config_watch
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <poll.h>
#include <unistd.h>

struct watcher {
	int changes, stop;
};

static void *config_watch(void *argument)
{
	struct watcher *watcher = argument;
	struct pollfd members[] = {{.fd = watcher->changes, .events = POLLIN},
		{.fd = watcher->stop, .events = POLLIN}};
	while (poll(members, 2, -1) > 0 && !members[1].revents)
		;
	close(watcher->changes);
	close(watcher->stop);
	return NULL;
}

static void request(bool leak)
{
	static struct watcher *last;
	struct watcher *watcher = memory_make(sizeof *watcher);
	watcher->changes = eventfd(0, 0);
	watcher->stop = eventfd(0, 0);
	thread_start_detached(config_watch, watcher);
	if (last && !leak)
		eventfd_write(last->stop, 1);
	last = watcher;
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_SERVICE | COMPANY_LONG_POLL,
};
