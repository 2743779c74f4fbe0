/*
 * syscalls.c - a table by number, and what numbers alone do not tell.
 */
#include "preload/syscalls.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

enum timing { NEVER, ALWAYS, POINTER, MILLISECONDS };

struct row {
	bool waits;
	unsigned char kind;
	signed char object; /* argument that is the object, -1: none */
	unsigned char timing;
	unsigned char timeout; /* argument that limits the time */
};

/* clang-format off */
#define ROW(call, kind, object, timing, timeout) [SYS_##call] = {true, WAIT_##kind, object, timing, timeout}
/* clang-format on */

/* Argument numbers as in each call's man page. */
static const struct row rows[] = {
	ROW(read, READ, 0, NEVER, 0),
	ROW(pread64, READ, 0, NEVER, 0),
	ROW(readv, READ, 0, NEVER, 0),
	ROW(preadv, READ, 0, NEVER, 0),
	ROW(preadv2, READ, 0, NEVER, 0),
	ROW(write, WRITE, 0, NEVER, 0),
	ROW(pwrite64, WRITE, 0, NEVER, 0),
	ROW(writev, WRITE, 0, NEVER, 0),
	ROW(pwritev, WRITE, 0, NEVER, 0),
	ROW(pwritev2, WRITE, 0, NEVER, 0),
	ROW(recvfrom, RECV, 0, NEVER, 0),
	ROW(recvmsg, RECV, 0, NEVER, 0),
	ROW(recvmmsg, RECV, 0, POINTER, 4),
	ROW(sendto, SEND, 0, NEVER, 0),
	ROW(sendmsg, SEND, 0, NEVER, 0),
	ROW(sendmmsg, SEND, 0, NEVER, 0),
	ROW(accept, ACCEPT, 0, NEVER, 0),
	ROW(accept4, ACCEPT, 0, NEVER, 0),
	ROW(connect, CONNECT, 0, NEVER, 0),
	ROW(poll, POLL, 0, MILLISECONDS, 2),
	ROW(ppoll, POLL, 0, POINTER, 2),
	ROW(select, SELECT, 1, POINTER, 4),
	ROW(pselect6, SELECT, 1, POINTER, 4),
	ROW(epoll_wait, EPOLL, 0, MILLISECONDS, 3),
	ROW(epoll_pwait, EPOLL, 0, MILLISECONDS, 3),
	ROW(epoll_pwait2, EPOLL, 0, POINTER, 3),
	ROW(splice, TRANSFER, 0, NEVER, 0),
	ROW(tee, TRANSFER, 0, NEVER, 0),
	ROW(vmsplice, TRANSFER, 0, NEVER, 0),
	ROW(sendfile, TRANSFER, 0, NEVER, 0),
	ROW(copy_file_range, TRANSFER, 0, NEVER, 0),
	ROW(open, OPEN, -1, NEVER, 0),
	ROW(openat, OPEN, -1, NEVER, 0),
	ROW(openat2, OPEN, -1, NEVER, 0),
	ROW(flock, FILE_LOCK, 0, NEVER, 0),
	ROW(fcntl, FILE_LOCK, 0, NEVER, 0),
	ROW(io_getevents, IO_EVENTS, 0, POINTER, 4),
	ROW(io_pgetevents, IO_EVENTS, 0, POINTER, 4),
	ROW(io_uring_enter, URING, 0, NEVER, 0),
	ROW(nanosleep, SLEEP, -1, ALWAYS, 0),
	ROW(clock_nanosleep, SLEEP, -1, ALWAYS, 0),
	ROW(wait4, CHILD, 0, NEVER, 0),
	ROW(waitid, CHILD, 1, NEVER, 0),
	ROW(rt_sigtimedwait, SIGNAL, -1, POINTER, 2),
	ROW(rt_sigsuspend, SIGNAL, -1, NEVER, 0),
	ROW(pause, SIGNAL, -1, NEVER, 0),
	ROW(msgrcv, MSG, 0, NEVER, 0),
	ROW(msgsnd, MSG, 0, NEVER, 0),
	ROW(mq_timedreceive, MQ, 0, POINTER, 4),
	ROW(mq_timedsend, MQ, 0, POINTER, 4),
	ROW(semop, SYSV_SEM, 0, NEVER, 0),
	ROW(semtimedop, SYSV_SEM, 0, POINTER, 3),
	ROW(futex, FUTEX, 0, POINTER, 3),
	ROW(futex_waitv, FUTEXES, 0, POINTER, 3),
};

static bool futex_waits(uint64_t operation)
{
	switch (operation & FUTEX_CMD_MASK) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
	case FUTEX_WAIT_REQUEUE_PI:
		return true;
	default:
		return false;
	}
}

/* Whether a listed call may wait with these arguments. */
static bool arguments_wait(long number, const uint64_t *a)
{
	switch (number) {
	case SYS_futex:
		return futex_waits(a[1]);
	case SYS_preadv2:
	case SYS_pwritev2:
		return !(a[5] & RWF_NOWAIT);
	case SYS_recvfrom:
	case SYS_sendto:
	case SYS_recvmmsg:
	case SYS_sendmmsg:
		return !(a[3] & MSG_DONTWAIT);
	case SYS_recvmsg:
	case SYS_sendmsg:
		return !(a[2] & MSG_DONTWAIT);
	case SYS_splice:
		return !(a[5] & SPLICE_F_NONBLOCK);
	case SYS_tee:
	case SYS_vmsplice:
		return !(a[3] & SPLICE_F_NONBLOCK);
	case SYS_flock:
		return !(a[1] & LOCK_NB);
	case SYS_fcntl:
		return a[1] == F_SETLKW || a[1] == F_OFD_SETLKW;
	case SYS_io_getevents:
	case SYS_io_pgetevents:
		return a[1] != 0;
	case SYS_io_uring_enter:
		return a[3] & IORING_ENTER_GETEVENTS && a[2] != 0;
	case SYS_wait4:
		return !(a[2] & WNOHANG);
	case SYS_waitid:
		return !(a[3] & WNOHANG);
	case SYS_msgrcv:
		return !(a[4] & IPC_NOWAIT);
	case SYS_msgsnd:
		return !(a[3] & IPC_NOWAIT);
	default:
		return true;
	}
}

static int arguments_timed(long number, const struct row *row, const uint64_t *a)
{
	/* Its argument block is there for the sake of a time limit; whether it holds one is for the
	 * kernel to read. */
	if (number == SYS_io_uring_enter)
		return (a[3] & IORING_ENTER_EXT_ARG) != 0;
	switch (row->timing) {
	case ALWAYS:
		return 1;
	case POINTER:
		return a[row->timeout] != 0;
	case MILLISECONDS:
		return (int)a[row->timeout] >= 0;
	default:
		return 0;
	}
}

uint64_t select_object(const void *readable, const void *writable, const void *exceptional)
{
	const void *first = readable ? readable : writable ? writable : exceptional;
	return first ? (uintptr_t)first : OBJECT_ABSENT;
}

static uint64_t arguments_object(long number, const struct row *row, const uint64_t *a)
{
	switch (number) {
	case SYS_select:
	case SYS_pselect6:
		return select_object((void *)a[1], (void *)a[2], (void *)a[3]);
	case SYS_wait4:
		return (int)a[0] > 0 ? (uint64_t)(int)a[0] : OBJECT_ABSENT;
	case SYS_waitid:
		return a[0] == P_PID ? (unsigned)a[1] : OBJECT_ABSENT;
	case SYS_futex:
	case SYS_futex_waitv:
	case SYS_poll:
	case SYS_ppoll:
	case SYS_io_getevents:
	case SYS_io_pgetevents:
		return a[row->object];
	default:
		return row->object < 0 ? OBJECT_ABSENT : (unsigned)a[row->object];
	}
}

bool syscall_waits(long number, const uint64_t arguments[6], struct syscall_wait *wait)
{
	if ((unsigned long)number >= sizeof rows / sizeof *rows || !rows[number].waits)
		return false;
	const struct row *row = &rows[number];
	if (row->timing == MILLISECONDS && (int)arguments[row->timeout] == 0)
		return false;
	if (!arguments_wait(number, arguments))
		return false;
	wait->kind = (enum wait_kind)row->kind;
	wait->object = arguments_object(number, row, arguments);
	wait->timed = arguments_timed(number, row, arguments);
	return true;
}

bool wait_may_be(enum wait_kind recorded, enum wait_kind seen)
{
	switch (recorded) {
	case WAIT_COND:
	case WAIT_SEM:
	case WAIT_MUTEX:
	case WAIT_RDLOCK:
	case WAIT_WRLOCK:
	case WAIT_BARRIER:
	case WAIT_ONCE:
	case WAIT_JOIN:
		return seen == WAIT_FUTEX;
	default:
		return seen == recorded;
	}
}
