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

/* Calls VISIT for every socket DIRECTORY/PID.sock that somebody listens on in the network namespace of
 * process OF, as the kernel lists them: so it is found also of a process that hides its environment.
 * The name is all there is to it: anybody may have bound it. Stops when VISIT returns non-zero, and
 * returns that, else 0. */
int procfs_sockets_visit(
	pid_t of, int (*visit)(void *context, pid_t pid, const char *directory), void *context);

/* 1 if libleakwatch.so is mapped in PID, or named in the LD_PRELOAD that it was started with; 0 if not, or
 * not ours to see. procfs_maps_shim() asks for the first alone. */
int procfs_has_shim(pid_t pid);
int procfs_maps_shim(pid_t pid);

/* 1 if both run the same executable, 0 if not or not ours to see. */
int procfs_same_program(pid_t one, pid_t other);

/* Every process, ascending. *pids is the caller's to free(). */
int procfs_pids(pid_t **pids, size_t *count);

#endif
