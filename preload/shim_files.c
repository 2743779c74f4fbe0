/*
 * shim_files.c - the interposers of reading and writing at a position, copying between descriptors and
 * locking files.
 *
 * On x86-64 the functions named ...64 are the same functions: offsets are of 64 bits anyway.
 */
#include "preload/fdwakers.h"
#include "preload/real.h"
#include "preload/slot.h"
#include "preload/timers.h"

#include <stdarg.h>

#define HERE ((uintptr_t)__builtin_return_address(0))

/* --- at a position ---------------------------------------------------------------------------------- */

INTERPOSE ssize_t pread(int fd, void *buffer, size_t bytes, off_t offset)
{
	struct stay stay = wait_enter(WAIT_READ, (unsigned)fd, UNTIMED);
	ssize_t result = REAL(pread)(fd, buffer, bytes, offset);
	wait_leave(stay);
	return result;
}

INTERPOSE_ALSO(pread64, pread);
INTERPOSE_ALSO(__pread64, pread);

INTERPOSE ssize_t __pread_chk(int fd, void *buffer, size_t bytes, off_t offset, size_t room)
{
	struct stay stay = wait_enter(WAIT_READ, (unsigned)fd, UNTIMED);
	ssize_t result = REAL(__pread_chk)(fd, buffer, bytes, offset, room);
	wait_leave(stay);
	return result;
}

INTERPOSE_ALSO(__pread64_chk, __pread_chk);

INTERPOSE ssize_t pwrite(int fd, const void *buffer, size_t bytes, off_t offset)
{
	struct stay stay = wait_enter(WAIT_WRITE, (unsigned)fd, UNTIMED);
	ssize_t result = REAL(pwrite)(fd, buffer, bytes, offset);
	wait_leave(stay);
	return result;
}

INTERPOSE_ALSO(pwrite64, pwrite);
INTERPOSE_ALSO(__pwrite64, pwrite);

INTERPOSE ssize_t preadv(int fd, const struct iovec *parts, int count, off_t offset)
{
	struct stay stay = wait_enter(WAIT_READ, (unsigned)fd, UNTIMED);
	ssize_t result = REAL(preadv)(fd, parts, count, offset);
	wait_leave(stay);
	return result;
}

INTERPOSE_ALSO(preadv64, preadv);

INTERPOSE ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
	struct stay stay = wait_enter(WAIT_WRITE, (unsigned)fd, UNTIMED);
	ssize_t result = REAL(pwritev)(fd, parts, count, offset);
	wait_leave(stay);
	return result;
}

INTERPOSE_ALSO(pwritev64, pwritev);

INTERPOSE ssize_t preadv2(int fd, const struct iovec *parts, int count, off_t offset, int flags)
{
	if (flags & RWF_NOWAIT)
		return REAL(preadv2)(fd, parts, count, offset, flags);
	struct stay stay = wait_enter(WAIT_READ, (unsigned)fd, UNTIMED);
	ssize_t result = REAL(preadv2)(fd, parts, count, offset, flags);
	wait_leave(stay);
	return result;
}

INTERPOSE_ALSO(preadv64v2, preadv2);

INTERPOSE ssize_t pwritev2(int fd, const struct iovec *parts, int count, off_t offset, int flags)
{
	if (flags & RWF_NOWAIT)
		return REAL(pwritev2)(fd, parts, count, offset, flags);
	struct stay stay = wait_enter(WAIT_WRITE, (unsigned)fd, UNTIMED);
	ssize_t result = REAL(pwritev2)(fd, parts, count, offset, flags);
	wait_leave(stay);
	return result;
}

INTERPOSE_ALSO(pwritev64v2, pwritev2);

/* --- from descriptor to descriptor ------------------------------------------------------------------ */

INTERPOSE ssize_t splice(
	int from, loff_t *from_offset, int to, loff_t *to_offset, size_t bytes, unsigned flags)
{
	fdwaker_note(to, HERE);
	if (flags & SPLICE_F_NONBLOCK)
		return REAL(splice)(from, from_offset, to, to_offset, bytes, flags);
	struct stay stay = wait_enter(WAIT_TRANSFER, (unsigned)from, UNTIMED);
	ssize_t result = REAL(splice)(from, from_offset, to, to_offset, bytes, flags);
	wait_leave(stay);
	return result;
}

INTERPOSE ssize_t tee(int from, int to, size_t bytes, unsigned flags)
{
	fdwaker_note(to, HERE);
	if (flags & SPLICE_F_NONBLOCK)
		return REAL(tee)(from, to, bytes, flags);
	struct stay stay = wait_enter(WAIT_TRANSFER, (unsigned)from, UNTIMED);
	ssize_t result = REAL(tee)(from, to, bytes, flags);
	wait_leave(stay);
	return result;
}

INTERPOSE ssize_t vmsplice(int fd, const struct iovec *parts, size_t count, unsigned flags)
{
	fdwaker_note(fd, HERE);
	if (flags & SPLICE_F_NONBLOCK)
		return REAL(vmsplice)(fd, parts, count, flags);
	struct stay stay = wait_enter(WAIT_TRANSFER, (unsigned)fd, UNTIMED);
	ssize_t result = REAL(vmsplice)(fd, parts, count, flags);
	wait_leave(stay);
	return result;
}

INTERPOSE ssize_t sendfile(int to, int from, off_t *offset, size_t bytes)
{
	fdwaker_note(to, HERE);
	struct stay stay = wait_enter(WAIT_TRANSFER, (unsigned)to, UNTIMED);
	ssize_t result = REAL(sendfile)(to, from, offset, bytes);
	wait_leave(stay);
	return result;
}

INTERPOSE_ALSO(sendfile64, sendfile);

INTERPOSE ssize_t copy_file_range(
	int from, loff_t *from_offset, int to, loff_t *to_offset, size_t bytes, unsigned flags)
{
	struct stay stay = wait_enter(WAIT_TRANSFER, (unsigned)from, UNTIMED);
	ssize_t result = REAL(copy_file_range)(from, from_offset, to, to_offset, bytes, flags);
	wait_leave(stay);
	return result;
}

/* --- locks ------------------------------------------------------------------------------------------ */

INTERPOSE int flock(int fd, int operation)
{
	if (operation & LOCK_NB || operation == LOCK_UN)
		return REAL(flock)(fd, operation);
	struct stay stay = wait_enter(WAIT_FILE_LOCK, (unsigned)fd, UNTIMED);
	int result = REAL(flock)(fd, operation);
	wait_leave(stay);
	return result;
}

INTERPOSE int lockf(int fd, int command, off_t bytes)
{
	if (command != F_LOCK)
		return REAL(lockf)(fd, command, bytes);
	struct stay stay = wait_enter(WAIT_FILE_LOCK, (unsigned)fd, UNTIMED);
	int result = REAL(lockf)(fd, command, bytes);
	wait_leave(stay);
	return result;
}

INTERPOSE_ALSO(lockf64, lockf);

/* Its third argument is an int, a pointer or none: passed on as a register's worth, as libc does. */
INTERPOSE int fcntl(int fd, int command, ...)
{
	va_list list;
	va_start(list, command);
	void *argument = va_arg(list, void *);
	va_end(list);
	if (command != F_SETLKW && command != F_OFD_SETLKW) {
		int done = REAL(fcntl)(fd, command, argument);
		if ((command == F_DUPFD || command == F_DUPFD_CLOEXEC) && done >= 0) {
			timer_copied(fd, done);
			fdwaker_copied(fd, done);
		}
		return done;
	}
	struct stay stay = wait_enter(WAIT_FILE_LOCK, (unsigned)fd, UNTIMED);
	int result = REAL(fcntl)(fd, command, argument);
	wait_leave(stay);
	return result;
}

INTERPOSE_ALSO(__fcntl, fcntl);
INTERPOSE_ALSO(fcntl64, fcntl);
