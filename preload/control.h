/*
 * control.h - the control socket: docs/dump-format.md, "The control socket".
 */
#ifndef LEAKWATCH_CONTROL_H
#define LEAKWATCH_CONTROL_H

#include "preload/scopes.h"
#include "preload/text.h"

#include <stdbool.h>

/* What the watcher does for a request. The text stays the watcher's. */
struct control_service {
	/* Takes a dump now, if so with a proof; path receives the file's name, "" if it could not be stored. NULL on
	 * failure. */
	const struct text *(*dump)(const char *reason, bool prove, char *path);
	/* Appends the answer to "status", without its newline. */
	void (*status)(struct text *answer);
	/* How many threads and timers are left of a scope, by its index plus one, or of the process (0); the thread
	 * of that kernel id does not count. */
	uint64_t (*left)(uint32_t scope, int but_tid);
};

/* Opens the socket in the directory of store.h. Its descriptor, or a negative errno: the watcher then
 * runs without. Watcher only. */
int control_open(int pid);

/* Whether somebody has removed the socket's name, as cleaners of /tmp do: then it cannot be reached any more.
 * Watcher only. */
bool control_gone(void);

/* Accepts and answers one client: the client is waited for a second or two, whatever it does. Watcher only. */
void control_serve(int listener, const struct control_service *service);

/* From a thread of the host, at exit: has the watcher take the last dump, and waits for it, so many seconds at
 * most. False if there is nobody to ask. */
bool control_request_exit_dump(int wait_s);

/* From a thread of the host, which waits for the answer, ten seconds at most: has the watcher take a dump, as anybody may
 * ask; one whose reason is a check; or count what is left of a scope, or, with NULL, of the process, the caller
 * apart. False, or -1, if there is nobody to ask, or no answer. */
bool control_request_dump(void);
bool control_request_check_dump(void);
int control_request_check(const struct scope *scope);

/* Removes the socket's name. Any thread. */
void control_close(void);

/* In the child of a fork: the socket is the parent's. */
void control_forget(void);

#endif
