/*
 * shim_process.c - the interposers of waits for children, signals, and the queues and semaphores that
 * processes share.
 */
#include "preload/real.h"
#include "preload/slot.h"
#include "preload/syscalls.h"

/* --- children --------------------------------------------------------------------------------------- */

static inline uint64_t child_object(pid_t pid)
{
	return pid > 0 ? (uint64_t)pid : OBJECT_ABSENT;
}

INTERPOSE pid_t wait(int *status)
{
	struct stay stay = wait_enter(WAIT_CHILD, OBJECT_ABSENT, UNTIMED);
	pid_t pid = REAL(wait)(status);
	wait_leave(stay);
	return pid;
}

INTERPOSE_ALSO(__wait, wait);

INTERPOSE pid_t waitpid(pid_t child, int *status, int options)
{
	if (options & WNOHANG)
		return REAL(waitpid)(child, status, options);
	struct stay stay = wait_enter(WAIT_CHILD, child_object(child), UNTIMED);
	pid_t pid = REAL(waitpid)(child, status, options);
	wait_leave(stay);
	return pid;
}

INTERPOSE_ALSO(__waitpid, waitpid);

INTERPOSE pid_t wait3(int *status, int options, struct rusage *usage)
{
	if (options & WNOHANG)
		return REAL(wait3)(status, options, usage);
	struct stay stay = wait_enter(WAIT_CHILD, OBJECT_ABSENT, UNTIMED);
	pid_t pid = REAL(wait3)(status, options, usage);
	wait_leave(stay);
	return pid;
}

INTERPOSE pid_t wait4(pid_t child, int *status, int options, struct rusage *usage)
{
	if (options & WNOHANG)
		return REAL(wait4)(child, status, options, usage);
	struct stay stay = wait_enter(WAIT_CHILD, child_object(child), UNTIMED);
	pid_t pid = REAL(wait4)(child, status, options, usage);
	wait_leave(stay);
	return pid;
}

INTERPOSE int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
	if (options & WNOHANG)
		return REAL(waitid)(type, id, info, options);
	struct stay stay = wait_enter(WAIT_CHILD, type == P_PID ? id : OBJECT_ABSENT, UNTIMED);
	int result = REAL(waitid)(type, id, info, options);
	wait_leave(stay);
	return result;
}

/* --- signals ---------------------------------------------------------------------------------------- */

INTERPOSE int sigwait(const sigset_t *restrict set, int *restrict signal)
{
	struct stay stay = wait_enter(WAIT_SIGNAL, OBJECT_ABSENT, UNTIMED);
	int error = REAL(sigwait)(set, signal);
	wait_leave(stay);
	return error;
}

INTERPOSE int sigwaitinfo(const sigset_t *restrict set, siginfo_t *restrict info)
{
	struct stay stay = wait_enter(WAIT_SIGNAL, OBJECT_ABSENT, UNTIMED);
	int result = REAL(sigwaitinfo)(set, info);
	wait_leave(stay);
	return result;
}

INTERPOSE int sigtimedwait(const sigset_t *restrict set, siginfo_t *restrict info,
	const struct timespec *restrict timeout)
{
	struct stay stay = wait_enter(WAIT_SIGNAL, OBJECT_ABSENT, timeout != NULL);
	int result = REAL(sigtimedwait)(set, info, timeout);
	wait_leave(stay);
	return result;
}

INTERPOSE int sigsuspend(const sigset_t *mask)
{
	struct stay stay = wait_enter(WAIT_SIGNAL, OBJECT_ABSENT, UNTIMED);
	int result = REAL(sigsuspend)(mask);
	wait_leave(stay);
	return result;
}

INTERPOSE_ALSO(__sigsuspend, sigsuspend);

INTERPOSE int pause(void)
{
	struct stay stay = wait_enter(WAIT_SIGNAL, OBJECT_ABSENT, UNTIMED);
	int result = REAL(pause)();
	wait_leave(stay);
	return result;
}

/* --- System V queues and semaphores ----------------------------------------------------------------- */

INTERPOSE ssize_t msgrcv(int queue, void *message, size_t bytes, long type, int flags)
{
	if (flags & IPC_NOWAIT)
		return REAL(msgrcv)(queue, message, bytes, type, flags);
	struct stay stay = wait_enter(WAIT_MSG, (unsigned)queue, UNTIMED);
	ssize_t result = REAL(msgrcv)(queue, message, bytes, type, flags);
	wait_leave(stay);
	return result;
}

INTERPOSE int msgsnd(int queue, const void *message, size_t bytes, int flags)
{
	if (flags & IPC_NOWAIT)
		return REAL(msgsnd)(queue, message, bytes, flags);
	struct stay stay = wait_enter(WAIT_MSG, (unsigned)queue, UNTIMED);
	int result = REAL(msgsnd)(queue, message, bytes, flags);
	wait_leave(stay);
	return result;
}

INTERPOSE int semop(int set, struct sembuf *operations, size_t count)
{
	struct stay stay = wait_enter(WAIT_SYSV_SEM, (unsigned)set, UNTIMED);
	int result = REAL(semop)(set, operations, count);
	wait_leave(stay);
	return result;
}

INTERPOSE int semtimedop(
	int set, struct sembuf *operations, size_t count, const struct timespec *timeout)
{
	struct stay stay = wait_enter(WAIT_SYSV_SEM, (unsigned)set, timeout != NULL);
	int result = REAL(semtimedop)(set, operations, count, timeout);
	wait_leave(stay);
	return result;
}

/* --- POSIX queues, which are descriptors ------------------------------------------------------------- */

INTERPOSE ssize_t mq_receive(mqd_t queue, char *message, size_t bytes, unsigned *priority)
{
	struct stay stay = wait_enter(WAIT_MQ, (unsigned)queue, UNTIMED);
	ssize_t result = REAL(mq_receive)(queue, message, bytes, priority);
	wait_leave(stay);
	return result;
}

INTERPOSE ssize_t mq_timedreceive(mqd_t queue, char *restrict message, size_t bytes,
	unsigned *restrict priority, const struct timespec *restrict deadline)
{
	struct stay stay = wait_enter(WAIT_MQ, (unsigned)queue, TIMED);
	ssize_t result = REAL(mq_timedreceive)(queue, message, bytes, priority, deadline);
	wait_leave(stay);
	return result;
}

INTERPOSE int mq_send(mqd_t queue, const char *message, size_t bytes, unsigned priority)
{
	struct stay stay = wait_enter(WAIT_MQ, (unsigned)queue, UNTIMED);
	int result = REAL(mq_send)(queue, message, bytes, priority);
	wait_leave(stay);
	return result;
}

INTERPOSE int mq_timedsend(mqd_t queue, const char *message, size_t bytes, unsigned priority,
	const struct timespec *deadline)
{
	struct stay stay = wait_enter(WAIT_MQ, (unsigned)queue, TIMED);
	int result = REAL(mq_timedsend)(queue, message, bytes, priority, deadline);
	wait_leave(stay);
	return result;
}
