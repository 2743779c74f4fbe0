/*
 * proc.h - what the kernel says of the process's threads, in /proc: for those that no wrapper saw.
 *
 * Watcher only: it opens descriptors, in the watcher's own table. Reads what the kernel has without
 * touching the thread: no ptrace, no signal, no stop.
 */
#ifndef LEAKWATCH_PROC_H
#define LEAKWATCH_PROC_H

#include "preload/contract/dump.h"
#include "preload/slot.h"

/* Opens /proc/self/task, before a chroot can hide it. False: this process has no /proc to read. */
bool proc_open(void);

/* Whether the main thread has ended, and stays as a zombie until the others have. False where /proc does
 * not say. */
bool proc_main_ended(void);

/* The ids of all threads but an ended main thread, into tids; returns how many there are (also beyond
 * room), negative if they cannot be listed. */
long proc_threads(int *tids, size_t room);

/* How many there are, for the price of one stat: the links of /proc/self/task. Negative if unknown. */
long proc_threads_count(void);

/* What /proc/self/task/TID/syscall says. */
struct proc_wait {
	enum wait_kind kind; /* WAIT_RUNNING, or the wait that the system call is */
	long call; /* number of the system call, -1: blocked outside of one */
	uint64_t object;
	int timed; /* 1, 0, or -1: not known */
	uint64_t arguments[6];
	uint64_t sp, pc;
};

/* 0, or a negative errno: the thread is gone, or /proc may not be read. */
int proc_wait_read(int tid, struct proc_wait *wait);

/* Whether both speak of one and the same wait, as far as can be seen. */
bool proc_wait_same(const struct proc_wait *a, const struct proc_wait *b);

/* Whether the kernel runs it for io_uring in the process's name: it is listed, and has no stack. */
bool proc_is_kernels(int tid);

/* The thread's name, terminated. False if it cannot be read. */
bool proc_name_read(int tid, char name[SLOT_NAME_BYTES]);

/*
 * Files of a thread, by their names below /proc/self/task/TID. proc_read() reads a small one: bytes read, and
 * terminated. proc_open_file() opens one; the descriptor is the caller's. proc_link() reads a symbolic link,
 * terminated, and cut to room; proc_link_mode() tells the mode of the link itself. All a negative errno on
 * failure.
 */
long proc_read(int tid, const char *name, char *to, size_t room);
long proc_read_process(
	const char *name, char *to, size_t room); /* below /proc/self, as far as room */
int proc_open_file(int tid, const char *name, int flags);
long proc_link(int tid, const char *name, char *to, size_t room);
int proc_link_mode(int tid, const char *name);

/* A descriptor of a thread's table, while proc_descriptors() goes through them. */
struct proc_descriptor {
	int fd;
	const char *link; /* as of proc_link() */
	int folder; /* where its link is, ... */
	const char *name; /* ... by this name: for proc_descriptor_mode() */
};

/* The size of a thread's table of descriptors: no number is as high. 0 if it cannot be read. */
unsigned proc_table_size(int tid);

/* Calls note for each descriptor of a thread's table below most. False if there may be others, or they cannot
 * be read. Listing the folder would cost more than trying the numbers. */
bool proc_descriptors(int tid, unsigned most,
	void (*note)(const struct proc_descriptor *descriptor, void *context), void *context);
/* The same for one. */
void proc_descriptor_note(int tid, int fd,
	void (*note)(const struct proc_descriptor *descriptor, void *context), void *context);
int proc_descriptor_mode(const struct proc_descriptor *descriptor); /* as proc_link_mode() */

/* Facts about the process, read once. */
struct proc_self {
	int pid;
	uint64_t start_ticks; /* /proc/self/stat, field 22 */
	uint64_t start_ns; /* CLOCK_REALTIME */
	uintptr_t entry; /* of the executable's code */
	char exe[1024]; /* empty: not readable */
	char name[SLOT_NAME_BYTES];
};
void proc_self_read(struct proc_self *self);

#endif
