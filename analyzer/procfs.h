/*
 * procfs.h - what /proc says of a process that we only ask about.
 *
 * Functions return 0, or -1 with errno: ESRCH when there is no such process (any more), EACCES when it
 * is not ours to look into.
 */
#ifndef LEAKWATCH_PROCFS_H
#define LEAKWATCH_PROCFS_H

#include <limits.h>
#include <stddef.h>
#include <sys/types.h>

struct procfs_uids {
	uid_t real, effective, saved;
};

int procfs_uids(pid_t pid, struct procfs_uids *uids);

/* The value of NAME in the environment that PID was started with; a program that overwrites it
 * (setproctitle) hides it. ENOENT: not set, empty, or as long as PATH_MAX. */
int procfs_environment(pid_t pid, const char *name, char value[static PATH_MAX]);

/* The name of PID's main thread, as the kernel has it; any bytes. */
int procfs_comm(pid_t pid, char *comm, size_t size);

/* Every process, ascending. *pids is the caller's to free(). */
int procfs_pids(pid_t **pids, size_t *count);

#endif
