/*
 * shim_io.c - the interposers of waits on descriptors.
 *
 * A call that cannot wait (poll and epoll_wait with a timeout of zero, MSG_DONTWAIT) is passed through
 * unrecorded.
 */
#include "preload/fdwakers.h"
#include "preload/real.h"
#include "preload/slot.h"
#include "preload/syscalls.h"

#define HERE ((uintptr_t)__builtin_return_address(0))

INTERPOSE ssize_t read(int fd, void *buffer, size_t bytes)
{
	struct stay stay = wait_enter(WAIT_READ, (unsigned)fd, UNTIMED);
	ssize_t result = REAL(read)(fd, buffer, bytes);
	wait_leave(stay);
	return result;
}

INTERPOSE_ALSO(__read, read);

INTERPOSE ssize_t __read_chk(int fd, void *buffer, size_t bytes, size_t room)
{
	struct stay stay = wait_enter(WAIT_READ, (unsigned)fd, UNTIMED);
	ssize_t result = REAL(__read_chk)(fd, buffer, bytes, room);
	wait_leave(stay);
	return result;
}

INTERPOSE ssize_t readv(int fd, const struct iovec *parts, int count)
{
	struct stay stay = wait_enter(WAIT_READ, (unsigned)fd, UNTIMED);
	ssize_t result = REAL(readv)(fd, parts, count);
	wait_leave(stay);
	return result;
}

INTERPOSE ssize_t write(int fd, const void *buffer, size_t bytes)
{
	fdwaker_note(fd, HERE);
	struct stay stay = wait_enter(WAIT_WRITE, (unsigned)fd, UNTIMED);
	ssize_t result = REAL(write)(fd, buffer, bytes);
	wait_leave(stay);
	return result;
}

INTERPOSE_ALSO(__write, write);

INTERPOSE ssize_t writev(int fd, const struct iovec *parts, int count)
{
	fdwaker_note(fd, HERE);
	struct stay stay = wait_enter(WAIT_WRITE, (unsigned)fd, UNTIMED);
	ssize_t result = REAL(writev)(fd, parts, count);
	wait_leave(stay);
	return result;
}

INTERPOSE ssize_t recv(int fd, void *buffer, size_t bytes, int flags)
{
	if (flags & MSG_DONTWAIT)
		return REAL(recv)(fd, buffer, bytes, flags);
	struct stay stay = wait_enter(WAIT_RECV, (unsigned)fd, UNTIMED);
	ssize_t result = REAL(recv)(fd, buffer, bytes, flags);
	wait_leave(stay);
	return result;
}

INTERPOSE ssize_t __recv_chk(int fd, void *buffer, size_t bytes, size_t room, int flags)
{
	if (flags & MSG_DONTWAIT)
		return REAL(__recv_chk)(fd, buffer, bytes, room, flags);
	struct stay stay = wait_enter(WAIT_RECV, (unsigned)fd, UNTIMED);
	ssize_t result = REAL(__recv_chk)(fd, buffer, bytes, room, flags);
	wait_leave(stay);
	return result;
}

INTERPOSE ssize_t recvfrom(int fd, void *restrict buffer, size_t bytes, int flags,
	__SOCKADDR_ARG from, socklen_t *restrict from_bytes)
{
	if (flags & MSG_DONTWAIT)
		return REAL(recvfrom)(fd, buffer, bytes, flags, from, from_bytes);
	struct stay stay = wait_enter(WAIT_RECV, (unsigned)fd, UNTIMED);
	ssize_t result = REAL(recvfrom)(fd, buffer, bytes, flags, from, from_bytes);
	wait_leave(stay);
	return result;
}

INTERPOSE ssize_t __recvfrom_chk(int fd, void *buffer, size_t bytes, size_t room, int flags,
	__SOCKADDR_ARG from, socklen_t *from_bytes)
{
	if (flags & MSG_DONTWAIT)
		return REAL(__recvfrom_chk)(fd, buffer, bytes, room, flags, from, from_bytes);
	struct stay stay = wait_enter(WAIT_RECV, (unsigned)fd, UNTIMED);
	ssize_t result = REAL(__recvfrom_chk)(fd, buffer, bytes, room, flags, from, from_bytes);
	wait_leave(stay);
	return result;
}

INTERPOSE ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	if (flags & MSG_DONTWAIT)
		return REAL(recvmsg)(fd, message, flags);
	struct stay stay = wait_enter(WAIT_RECV, (unsigned)fd, UNTIMED);
	ssize_t result = REAL(recvmsg)(fd, message, flags);
	wait_leave(stay);
	return result;
}

INTERPOSE int recvmmsg(
	int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout)
{
	if (flags & MSG_DONTWAIT)
		return REAL(recvmmsg)(fd, messages, count, flags, timeout);
	struct stay stay = wait_enter(WAIT_RECV, (unsigned)fd, timeout != NULL);
	int result = REAL(recvmmsg)(fd, messages, count, flags, timeout);
	wait_leave(stay);
	return result;
}

INTERPOSE ssize_t send(int fd, const void *buffer, size_t bytes, int flags)
{
	fdwaker_note(fd, HERE);
	if (flags & MSG_DONTWAIT)
		return REAL(send)(fd, buffer, bytes, flags);
	struct stay stay = wait_enter(WAIT_SEND, (unsigned)fd, UNTIMED);
	ssize_t result = REAL(send)(fd, buffer, bytes, flags);
	wait_leave(stay);
	return result;
}

INTERPOSE_ALSO(__send, send);

INTERPOSE ssize_t sendto(int fd, const void *buffer, size_t bytes, int flags,
	__CONST_SOCKADDR_ARG to, socklen_t to_bytes)
{
	fdwaker_note(fd, HERE);
	if (flags & MSG_DONTWAIT)
		return REAL(sendto)(fd, buffer, bytes, flags, to, to_bytes);
	struct stay stay = wait_enter(WAIT_SEND, (unsigned)fd, UNTIMED);
	ssize_t result = REAL(sendto)(fd, buffer, bytes, flags, to, to_bytes);
	wait_leave(stay);
	return result;
}

INTERPOSE ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	fdwaker_note(fd, HERE);
	if (flags & MSG_DONTWAIT)
		return REAL(sendmsg)(fd, message, flags);
	struct stay stay = wait_enter(WAIT_SEND, (unsigned)fd, UNTIMED);
	ssize_t result = REAL(sendmsg)(fd, message, flags);
	wait_leave(stay);
	return result;
}

INTERPOSE int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
	fdwaker_note(fd, HERE);
	if (flags & MSG_DONTWAIT)
		return REAL(sendmmsg)(fd, messages, count, flags);
	struct stay stay = wait_enter(WAIT_SEND, (unsigned)fd, UNTIMED);
	int result = REAL(sendmmsg)(fd, messages, count, flags);
	wait_leave(stay);
	return result;
}

INTERPOSE int accept(int fd, __SOCKADDR_ARG peer, socklen_t *restrict peer_bytes)
{
	struct stay stay = wait_enter(WAIT_ACCEPT, (unsigned)fd, UNTIMED);
	int result = REAL(accept)(fd, peer, peer_bytes);
	wait_leave(stay);
	return result;
}

INTERPOSE int accept4(int fd, __SOCKADDR_ARG peer, socklen_t *restrict peer_bytes, int flags)
{
	struct stay stay = wait_enter(WAIT_ACCEPT, (unsigned)fd, UNTIMED);
	int result = REAL(accept4)(fd, peer, peer_bytes, flags);
	wait_leave(stay);
	return result;
}

INTERPOSE int connect(int fd, __CONST_SOCKADDR_ARG peer, socklen_t peer_bytes)
{
	struct stay stay = wait_enter(WAIT_CONNECT, (unsigned)fd, UNTIMED);
	int result = REAL(connect)(fd, peer, peer_bytes);
	wait_leave(stay);
	return result;
}

INTERPOSE_ALSO(__connect, connect);

INTERPOSE int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	if (timeout_ms == 0)
		return REAL(poll)(fds, count, timeout_ms);
	struct stay stay = wait_enter(WAIT_POLL, (uintptr_t)fds, timeout_ms > 0);
	int result = REAL(poll)(fds, count, timeout_ms);
	wait_leave(stay);
	return result;
}

INTERPOSE_ALSO(__poll, poll);

INTERPOSE int __poll_chk(struct pollfd *fds, nfds_t count, int timeout_ms, size_t room)
{
	if (timeout_ms == 0)
		return REAL(__poll_chk)(fds, count, timeout_ms, room);
	struct stay stay = wait_enter(WAIT_POLL, (uintptr_t)fds, timeout_ms > 0);
	int result = REAL(__poll_chk)(fds, count, timeout_ms, room);
	wait_leave(stay);
	return result;
}

INTERPOSE int ppoll(
	struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
	struct stay stay = wait_enter(WAIT_POLL, (uintptr_t)fds, timeout != NULL);
	int result = REAL(ppoll)(fds, count, timeout, mask);
	wait_leave(stay);
	return result;
}

INTERPOSE int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
	const sigset_t *mask, size_t room)
{
	struct stay stay = wait_enter(WAIT_POLL, (uintptr_t)fds, timeout != NULL);
	int result = REAL(__ppoll_chk)(fds, count, timeout, mask, room);
	wait_leave(stay);
	return result;
}

INTERPOSE int select(int count, fd_set *restrict readable, fd_set *restrict writable,
	fd_set *restrict exceptional, struct timeval *restrict timeout)
{
	struct stay stay = wait_enter(
		WAIT_SELECT, select_object(readable, writable, exceptional), timeout != NULL);
	int result = REAL(select)(count, readable, writable, exceptional, timeout);
	wait_leave(stay);
	return result;
}

INTERPOSE_ALSO(__select, select);

INTERPOSE int pselect(int count, fd_set *restrict readable, fd_set *restrict writable,
	fd_set *restrict exceptional, const struct timespec *restrict timeout,
	const sigset_t *restrict mask)
{
	struct stay stay = wait_enter(
		WAIT_SELECT, select_object(readable, writable, exceptional), timeout != NULL);
	int result = REAL(pselect)(count, readable, writable, exceptional, timeout, mask);
	wait_leave(stay);
	return result;
}

INTERPOSE int epoll_wait(int fd, struct epoll_event *events, int count, int timeout_ms)
{
	if (timeout_ms == 0)
		return REAL(epoll_wait)(fd, events, count, timeout_ms);
	struct stay stay = wait_enter(WAIT_EPOLL, (unsigned)fd, timeout_ms > 0);
	int result = REAL(epoll_wait)(fd, events, count, timeout_ms);
	wait_leave(stay);
	return result;
}

INTERPOSE int epoll_pwait(
	int fd, struct epoll_event *events, int count, int timeout_ms, const sigset_t *mask)
{
	if (timeout_ms == 0)
		return REAL(epoll_pwait)(fd, events, count, timeout_ms, mask);
	struct stay stay = wait_enter(WAIT_EPOLL, (unsigned)fd, timeout_ms > 0);
	int result = REAL(epoll_pwait)(fd, events, count, timeout_ms, mask);
	wait_leave(stay);
	return result;
}

INTERPOSE int epoll_pwait2(int fd, struct epoll_event *events, int count,
	const struct timespec *timeout, const sigset_t *mask)
{
	struct stay stay = wait_enter(WAIT_EPOLL, (unsigned)fd, timeout != NULL);
	int result = REAL(epoll_pwait2)(fd, events, count, timeout, mask);
	wait_leave(stay);
	return result;
}

/* --- what wakes by being written to, from its creation on -------------------------------------------- */

INTERPOSE int eventfd_write(int fd, eventfd_t value)
{
	fdwaker_note(fd, HERE);
	return REAL(eventfd_write)(fd, value);
}

INTERPOSE int eventfd(unsigned value, int flags)
{
	int fd = REAL(eventfd)(value, flags);
	if (fd >= 0)
		fdwaker_begin(fd);
	return fd;
}

static int ends_begin(const int ends[2], int result)
{
	for (int i = 0; result == 0 && i < 2; i++)
		fdwaker_begin(ends[i]);
	return result;
}

INTERPOSE int pipe(int ends[2])
{
	return ends_begin(ends, REAL(pipe)(ends));
}

INTERPOSE int pipe2(int ends[2], int flags)
{
	return ends_begin(ends, REAL(pipe2)(ends, flags));
}

INTERPOSE int socketpair(int domain, int type, int protocol, int ends[2])
{
	return ends_begin(ends, REAL(socketpair)(domain, type, protocol, ends));
}
