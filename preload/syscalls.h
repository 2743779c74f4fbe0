/*
 * syscalls.h - which system calls wait, and for what: by their numbers and arguments.
 *
 * For both who meet a call in this form: the interposer of syscall(), and the reader of
 * /proc/PID/task/TID/syscall. No state, no lock, nothing of the host's memory is read; any thread, any
 * time.
 */
#ifndef LEAKWATCH_SYSCALLS_H
#define LEAKWATCH_SYSCALLS_H

#include "preload/contract/dump.h"

#include <stdbool.h>
#include <stdint.h>

/* In place of an object, where a wait has none that its kind could name. */
#define OBJECT_ABSENT UINT64_MAX

struct syscall_wait {
	enum wait_kind kind;
	uint64_t object; /* as the kind says; OBJECT_ABSENT where the arguments name none */
	int timed; /* 1: the call has a time limit, 0: it has none */
};

/* False for a call that does not wait, or not with these arguments (WNOHANG, a timeout of zero). */
bool syscall_waits(long number, const uint64_t arguments[6], struct syscall_wait *wait);

/* Whether a wait that a wrapper recorded may look to the kernel like one of kind seen. */
bool wait_may_be(enum wait_kind recorded, enum wait_kind seen);

/* The object of select() by its three sets: the address of the first that is there. */
uint64_t select_object(const void *readable, const void *writable, const void *exceptional);

#endif
