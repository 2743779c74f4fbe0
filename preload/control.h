/*
 * control.h - the control socket: docs/dump-format.md, "The control socket".
 */
#ifndef LEAKWATCH_CONTROL_H
#define LEAKWATCH_CONTROL_H

#include "preload/text.h"

#include <stdbool.h>

/* What the watcher does for a request. The text stays the watcher's. */
struct control_service {
	/* Takes a dump now; path receives the file's name, "" if it could not be stored. NULL on failure. */
	const struct text *(*dump)(const char *reason, char *path);
	/* Appends the answer to "status", without its newline. */
	void (*status)(struct text *answer);
};

/* Opens the socket in the directory of store.h. Its descriptor, or a negative errno: the watcher then
 * runs without. Watcher only. */
int control_open(int pid);

/* Whether somebody has removed the socket's name, as cleaners of /tmp do: then it cannot be reached any more.
 * Watcher only. */
bool control_gone(void);

/* Accepts and answers one client, within a second or two whatever it does. Watcher only. */
void control_serve(int listener, const struct control_service *service);

/* From a thread of the host, at exit: has the watcher take the last dump, and waits for it, two seconds
 * at most. False if there is nobody to ask. */
bool control_request_exit_dump(void);

/* Removes the socket's name. Any thread. */
void control_close(void);

/* In the child of a fork: the socket is the parent's. */
void control_forget(void);

#endif
