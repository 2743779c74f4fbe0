/*
 * waits.c - calls every function that records a wait many times over, and says what that cost: how often
 * the program's own malloc and free were called, and whether the calling thread entered any system call
 * that is not the function's own.
 *
 * Prints "KIND rounds=N mallocs=N frees=N" for each kind, in a process of its own. A forbidden system call
 * is refused by a seccomp filter and ends that process with a line that names its number.
 *
 * Usage: waits [KIND ...]; waits -l lists the kinds.
 *
 * build: -fno-builtin -U_FORTIFY_SOURCE
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 100000 /* of what costs next to nothing */
#define SOME   10000 /* of what changes threads or sleeps a little */
#define FEW    500 /* of what waits for a clock tick or uses up a thread */

/* --- the program's own malloc, which counts --------------------------------------------------------------- */

static _Atomic unsigned long mallocs, frees;
static _Alignas(64) char heap[16 << 20];
static _Atomic size_t heap_used;

static void *heap_take(size_t bytes)
{
	size_t at = atomic_fetch_add(&heap_used, (bytes + 16 + 63) & ~(size_t)63);
	mallocs++;
	if (at + bytes + 16 > sizeof heap)
		return NULL;
	*(size_t *)(heap + at) = bytes;
	return heap + at + 16;
}

void *malloc(size_t bytes)
{
	return heap_take(bytes);
}

void *calloc(size_t count, size_t bytes)
{
	return heap_take(count * bytes);
}

void *realloc(void *old, size_t bytes)
{
	void *memory = heap_take(bytes);
	if (memory && old) {
		size_t had = *(size_t *)((char *)old - 16);
		memcpy(memory, old, had < bytes ? had : bytes);
	}
	return memory;
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
	char *memory = heap_take(bytes + alignment);
	return memory ? memory + alignment - (size_t)memory % alignment : NULL;
}

void *memalign(size_t alignment, size_t bytes);

void *memalign(size_t alignment, size_t bytes)
{
	return aligned_alloc(alignment, bytes);
}

int posix_memalign(void **memory, size_t alignment, size_t bytes)
{
	return (*memory = aligned_alloc(alignment, bytes)) ? 0 : ENOMEM;
}

void free(void *memory)
{
	frees += memory != NULL;
}

/* --- what the calls need ------------------------------------------------------------------------------------ */

ssize_t __read_chk(int fd, void *buffer, size_t bytes, size_t room);
ssize_t __pread_chk(int fd, void *buffer, size_t bytes, off_t at, size_t room);
ssize_t __recv_chk(int fd, void *buffer, size_t bytes, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *buffer, size_t bytes, size_t room, int flags,
	struct sockaddr *from, socklen_t *from_bytes);
int __poll_chk(struct pollfd *fds, nfds_t count, int timeout_ms, size_t room);
int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
	const sigset_t *mask, size_t room);

__typeof__(pthread_cond_wait) old_cond_wait;
__typeof__(pthread_cond_timedwait) old_cond_timedwait;
__typeof__(pthread_cond_signal) old_cond_signal;
__typeof__(pthread_cond_broadcast) old_cond_broadcast;
__typeof__(pthread_cond_init) old_cond_init;
__typeof__(pthread_cond_destroy) old_cond_destroy;
__asm__(".symver old_cond_wait, pthread_cond_wait@GLIBC_2.2.5");
__asm__(".symver old_cond_timedwait, pthread_cond_timedwait@GLIBC_2.2.5");
__asm__(".symver old_cond_signal, pthread_cond_signal@GLIBC_2.2.5");
__asm__(".symver old_cond_broadcast, pthread_cond_broadcast@GLIBC_2.2.5");
__asm__(".symver old_cond_init, pthread_cond_init@GLIBC_2.2.5");
__asm__(".symver old_cond_destroy, pthread_cond_destroy@GLIBC_2.2.5");

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER, partners = PTHREAD_COND_INITIALIZER;
static pthread_cond_t old_cond = PTHREAD_COND_INITIALIZER;
static pthread_cond_t brief_cond; /* initialised and destroyed again and again */
static cnd_t brief_c11_cond;
static sem_t brief_sem;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static once_flag c11_once = ONCE_FLAG_INIT;
static sem_t sem;
static mtx_t mutex;
static cnd_t c11_cond;
static int word;

static const struct timespec past = {1, 0}, later = {4102444800, 0}, instant = {0, 1};
static char byte;
static struct iovec part = {&byte, 1};
static struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
static struct mmsghdr messages[1] = {{.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1}}};
static struct epoll_event event;
static struct pollfd polled;
static struct sockaddr_un nowhere = {.sun_family = AF_UNIX, .sun_path = "/"};
static struct letter {
	long type;
	char text[1];
} letter = {1, ""};
static struct sembuf one_up = {0, 1, 0}, one_down = {0, -1, 0};
static int pipe_ends[2], sockets[2], listener, epoll, file, queue, semaphores, other_pipe[2];
static mqd_t mqueue;
static sigset_t usr1, no_signals;
static pthread_t for_ever, dead[FEW + 128];
static int next_dead;

static void nothing(void)
{
}

static void handler(int signal)
{
	(void)signal;
}

static void *ends(void *unused)
{
	return unused;
}

static int ends_too(void *unused)
{
	(void)unused;
	return 0;
}

static void *stays(void *unused)
{
	for (;;)
		syscall(SYS_pause);
	return unused;
}

/* A partner that answers: whenever it is its turn, it makes it ours. */
static int (*answer)(void);
static int turn;

static int answer_cond(void)
{
	return pthread_cond_signal(&cond);
}

static int answer_old(void)
{
	return old_cond_signal(&old_cond);
}

static int answer_c11(void)
{
	return cnd_signal(&c11_cond);
}

static void *partner(void *unused)
{
	pthread_mutex_lock(&lock);
	for (;;) {
		while (!turn)
			pthread_cond_wait(&partners, &lock);
		turn = 0;
		answer();
	}
	return unused;
}

static void start(void *(*run)(void *), pthread_t *thread)
{
	static pthread_t unused;
	if (pthread_create(thread ? thread : &unused, NULL, run, NULL))
		_exit(3);
}

static void with_partner(int (*its_answer)(void))
{
	answer = its_answer;
	start(partner, NULL);
}

static void with_dead_threads(int (*run)(void *))
{
	for (int i = 0; i < FEW + 128; i++)
		if (run ? thrd_create(&dead[i], run, NULL)
			: pthread_create(&dead[i], NULL, ends, NULL))
			_exit(3);
	usleep(100000);
}

static void setup(void)
{
	sem_init(&sem, 0, 1);
	mtx_init(&mutex, mtx_timed);
	cnd_init(&c11_cond);
	pthread_barrier_init(&barrier, NULL, 1);
	sigemptyset(&no_signals);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	signal(SIGUSR1, handler);
	signal(SIGALRM, handler);
	if (pipe(pipe_ends) || pipe(other_pipe) || socketpair(AF_UNIX, SOCK_STREAM, 0, sockets))
		_exit(3);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	epoll = epoll_create1(0);
	epoll_ctl(epoll, EPOLL_CTL_ADD, pipe_ends[1], &(struct epoll_event){.events = EPOLLOUT});
	polled = (struct pollfd){.fd = pipe_ends[1], .events = POLLOUT};
	file = memfd_create("waits", 0);
	(void)!ftruncate(file, 4096);
	char name[32];
	snprintf(name, sizeof name, "/waits-%d", getpid());
	mqueue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600,
		&(struct mq_attr){.mq_maxmsg = 1, .mq_msgsize = 1});
	mq_unlink(name);
}

/* --- the calls: EACH(kind, rounds, preparation, one round, system calls of its own...) --------------------- */

#define FD_SETS                                                                                    \
	fd_set writable;                                                                           \
	FD_ZERO(&writable);                                                                        \
	FD_SET(pipe_ends[1], &writable)

#define PING_PONG(wait)                                                                            \
	pthread_mutex_lock(&lock);                                                                 \
	turn = 1;                                                                                  \
	pthread_cond_signal(&partners);                                                            \
	while (turn)                                                                               \
		wait;                                                                              \
	pthread_mutex_unlock(&lock)

#define LOCKED(call)                                                                               \
	pthread_mutex_lock(&lock);                                                                 \
	call;                                                                                      \
	pthread_mutex_unlock(&lock)

#define FILLED(call)                                                                               \
	syscall(SYS_write, pipe_ends[1], "x", 1);                                                  \
	call
#define EMPTIED(call)                                                                              \
	call;                                                                                      \
	syscall(SYS_read, pipe_ends[0], &byte, 1)
#define SENT(call)                                                                                 \
	syscall(SYS_write, sockets[1], "x", 1);                                                    \
	call
#define TAKEN(call)                                                                                \
	call;                                                                                      \
	syscall(SYS_read, sockets[1], &byte, 1)

/* clang-format off */
#define NONE -1
#define KINDS(EACH) \
	/* These enter no system call at all when nobody is in the way. */ \
	EACH(sem_wait, ROUNDS, , sem_wait(&sem); sem_post(&sem), NONE) \
	EACH(sem_timedwait, ROUNDS, , sem_timedwait(&sem, &later); sem_post(&sem), NONE) \
	EACH(sem_clockwait, ROUNDS, , sem_clockwait(&sem, CLOCK_REALTIME, &later); sem_post(&sem), NONE) \
	EACH(sem_post, ROUNDS, , sem_post(&sem); sem_wait(&sem), NONE) \
	EACH(sem_trywait, ROUNDS, , sem_trywait(&sem); sem_post(&sem), NONE) \
	EACH(sem_init, ROUNDS, , sem_init(&brief_sem, 0, 0), NONE) \
	EACH(sem_destroy, ROUNDS, , sem_destroy(&brief_sem), NONE) \
	EACH(pthread_cond_init, ROUNDS, , pthread_cond_init(&brief_cond, NULL), NONE) \
	EACH(pthread_cond_destroy, ROUNDS, , pthread_cond_destroy(&brief_cond), NONE) \
	EACH(pthread_cond_init_2_2_5, ROUNDS, , old_cond_init(&brief_cond, NULL), NONE) \
	EACH(pthread_cond_destroy_2_2_5, ROUNDS, , old_cond_destroy(&brief_cond), NONE) \
	EACH(cnd_init, ROUNDS, , cnd_init(&brief_c11_cond), NONE) \
	EACH(cnd_destroy, ROUNDS, , cnd_destroy(&brief_c11_cond), NONE) \
	EACH(pthread_mutex_lock, ROUNDS, , pthread_mutex_lock(&lock); pthread_mutex_unlock(&lock), NONE) \
	EACH(pthread_mutex_timedlock, ROUNDS, , pthread_mutex_timedlock(&lock, &later); pthread_mutex_unlock(&lock), NONE) \
	EACH(pthread_mutex_clocklock, ROUNDS, , pthread_mutex_clocklock(&lock, CLOCK_REALTIME, &later); pthread_mutex_unlock(&lock), NONE) \
	EACH(mtx_lock, ROUNDS, , mtx_lock(&mutex); mtx_unlock(&mutex), NONE) \
	EACH(mtx_timedlock, ROUNDS, , mtx_timedlock(&mutex, &later); mtx_unlock(&mutex), NONE) \
	EACH(pthread_rwlock_rdlock, ROUNDS, , pthread_rwlock_rdlock(&rwlock); pthread_rwlock_unlock(&rwlock), NONE) \
	EACH(pthread_rwlock_timedrdlock, ROUNDS, , pthread_rwlock_timedrdlock(&rwlock, &later); pthread_rwlock_unlock(&rwlock), NONE) \
	EACH(pthread_rwlock_clockrdlock, ROUNDS, , pthread_rwlock_clockrdlock(&rwlock, CLOCK_REALTIME, &later); pthread_rwlock_unlock(&rwlock), NONE) \
	EACH(pthread_rwlock_wrlock, ROUNDS, , pthread_rwlock_wrlock(&rwlock); pthread_rwlock_unlock(&rwlock), NONE) \
	EACH(pthread_rwlock_timedwrlock, ROUNDS, , pthread_rwlock_timedwrlock(&rwlock, &later); pthread_rwlock_unlock(&rwlock), NONE) \
	EACH(pthread_rwlock_clockwrlock, ROUNDS, , pthread_rwlock_clockwrlock(&rwlock, CLOCK_REALTIME, &later); pthread_rwlock_unlock(&rwlock), NONE) \
	EACH(pthread_cond_signal, ROUNDS, , pthread_cond_signal(&cond), NONE) \
	EACH(pthread_cond_broadcast, ROUNDS, , pthread_cond_broadcast(&cond), NONE) \
	EACH(pthread_cond_signal_2_2_5, ROUNDS, , old_cond_signal(&old_cond), NONE) \
	EACH(pthread_cond_broadcast_2_2_5, ROUNDS, , old_cond_broadcast(&old_cond), NONE) \
	EACH(cnd_signal, ROUNDS, , cnd_signal(&c11_cond), NONE) \
	EACH(cnd_broadcast, ROUNDS, , cnd_broadcast(&c11_cond), NONE) \
	EACH(pthread_once, ROUNDS, , pthread_once(&once, nothing), NONE) \
	EACH(call_once, ROUNDS, , call_once(&c11_once, nothing), NONE) \
	/* These enter the kernel, by their own system call and no other. */ \
	EACH(pthread_barrier_wait, ROUNDS, , pthread_barrier_wait(&barrier), SYS_futex, NONE) \
	EACH(pthread_cond_wait, SOME, with_partner(answer_cond), PING_PONG(pthread_cond_wait(&cond, &lock)), SYS_futex, NONE) \
	EACH(pthread_cond_wait_2_2_5, SOME, with_partner(answer_old), PING_PONG(old_cond_wait(&old_cond, &lock)), SYS_futex, NONE) \
	EACH(cnd_wait, SOME, with_partner(answer_c11), PING_PONG(cnd_wait(&c11_cond, (mtx_t *)&lock)), SYS_futex, NONE) \
	EACH(pthread_cond_timedwait, ROUNDS, , LOCKED(pthread_cond_timedwait(&cond, &lock, &past)), SYS_futex, NONE) \
	EACH(pthread_cond_timedwait_2_2_5, ROUNDS, , LOCKED(old_cond_timedwait(&old_cond, &lock, &past)), SYS_futex, NONE) \
	EACH(pthread_cond_clockwait, ROUNDS, , LOCKED(pthread_cond_clockwait(&cond, &lock, CLOCK_REALTIME, &past)), SYS_futex, NONE) \
	EACH(cnd_timedwait, ROUNDS, , mtx_lock(&mutex); cnd_timedwait(&c11_cond, &mutex, &past); mtx_unlock(&mutex), SYS_futex, NONE) \
	EACH(syscall, ROUNDS, , syscall(SYS_futex, &word, FUTEX_WAIT, 1, NULL), SYS_futex, NONE) \
	EACH(pthread_join, FEW, with_dead_threads(NULL), pthread_join(dead[next_dead++], NULL), SYS_futex, SYS_munmap, SYS_madvise, NONE) \
	EACH(thrd_join, FEW, with_dead_threads(ends_too), thrd_join(dead[next_dead++], NULL), SYS_futex, SYS_munmap, SYS_madvise, NONE) \
	EACH(pthread_timedjoin_np, ROUNDS, start(stays, &for_ever), pthread_timedjoin_np(for_ever, NULL, &past), SYS_futex, NONE) \
	EACH(pthread_clockjoin_np, ROUNDS, start(stays, &for_ever), pthread_clockjoin_np(for_ever, NULL, CLOCK_REALTIME, &past), SYS_futex, NONE) \
	EACH(read, ROUNDS, , FILLED((void)!read(pipe_ends[0], &byte, 1)), SYS_read, SYS_write, NONE) \
	EACH(__read_chk, ROUNDS, , FILLED((void)!__read_chk(pipe_ends[0], &byte, 1, 1)), SYS_read, SYS_write, NONE) \
	EACH(readv, ROUNDS, , FILLED((void)!readv(pipe_ends[0], &part, 1)), SYS_readv, SYS_write, NONE) \
	EACH(write, ROUNDS, , EMPTIED((void)!write(pipe_ends[1], &byte, 1)), SYS_read, SYS_write, NONE) \
	EACH(writev, ROUNDS, , EMPTIED((void)!writev(pipe_ends[1], &part, 1)), SYS_read, SYS_writev, NONE) \
	EACH(recv, ROUNDS, , SENT(recv(sockets[0], &byte, 1, 0)), SYS_recvfrom, SYS_write, NONE) \
	EACH(__recv_chk, ROUNDS, , SENT(__recv_chk(sockets[0], &byte, 1, 1, 0)), SYS_recvfrom, SYS_write, NONE) \
	EACH(recvfrom, ROUNDS, , SENT(recvfrom(sockets[0], &byte, 1, 0, NULL, NULL)), SYS_recvfrom, SYS_write, NONE) \
	EACH(__recvfrom_chk, ROUNDS, , SENT(__recvfrom_chk(sockets[0], &byte, 1, 1, 0, NULL, NULL)), SYS_recvfrom, SYS_write, NONE) \
	EACH(recvmsg, ROUNDS, , SENT(recvmsg(sockets[0], &message, 0)), SYS_recvmsg, SYS_write, NONE) \
	EACH(recvmmsg, ROUNDS, , SENT(recvmmsg(sockets[0], messages, 1, 0, NULL)), SYS_recvmmsg, SYS_write, NONE) \
	EACH(send, ROUNDS, , TAKEN(send(sockets[0], &byte, 1, 0)), SYS_sendto, SYS_read, NONE) \
	EACH(sendto, ROUNDS, , TAKEN(sendto(sockets[0], &byte, 1, 0, NULL, 0)), SYS_sendto, SYS_read, NONE) \
	EACH(sendmsg, ROUNDS, , TAKEN(sendmsg(sockets[0], &message, 0)), SYS_sendmsg, SYS_read, NONE) \
	EACH(sendmmsg, ROUNDS, , TAKEN(sendmmsg(sockets[0], messages, 1, 0)), SYS_sendmmsg, SYS_read, NONE) \
	EACH(accept, ROUNDS, , accept(listener, NULL, NULL), SYS_accept, NONE) \
	EACH(accept4, ROUNDS, , accept4(listener, NULL, NULL, 0), SYS_accept4, NONE) \
	EACH(connect, ROUNDS, , connect(sockets[0], (struct sockaddr *)&nowhere, sizeof nowhere), SYS_connect, NONE) \
	EACH(poll, ROUNDS, , poll(&polled, 1, -1), SYS_poll, NONE) \
	EACH(__poll_chk, ROUNDS, , __poll_chk(&polled, 1, 1000, sizeof polled), SYS_poll, NONE) \
	EACH(ppoll, ROUNDS, , ppoll(&polled, 1, NULL, NULL), SYS_ppoll, NONE) \
	EACH(__ppoll_chk, ROUNDS, , __ppoll_chk(&polled, 1, NULL, NULL, sizeof polled), SYS_ppoll, NONE) \
	EACH(select, ROUNDS, , FD_SETS; select(64, NULL, &writable, NULL, NULL), SYS_select, SYS_pselect6, NONE) \
	EACH(pselect, ROUNDS, , FD_SETS; pselect(64, NULL, &writable, NULL, NULL, NULL), SYS_pselect6, NONE) \
	EACH(epoll_wait, ROUNDS, , epoll_wait(epoll, &event, 1, -1), SYS_epoll_wait, NONE) \
	EACH(epoll_pwait, ROUNDS, , epoll_pwait(epoll, &event, 1, -1, NULL), SYS_epoll_pwait, NONE) \
	EACH(epoll_pwait2, ROUNDS, , epoll_pwait2(epoll, &event, 1, NULL, NULL), SYS_epoll_pwait2, NONE) \
	EACH(pread, ROUNDS, , (void)!pread(file, &byte, 1, 0), SYS_pread64, NONE) \
	EACH(__pread_chk, ROUNDS, , (void)!__pread_chk(file, &byte, 1, 0, 1), SYS_pread64, NONE) \
	EACH(pwrite, ROUNDS, , (void)!pwrite(file, &byte, 1, 0), SYS_pwrite64, NONE) \
	EACH(preadv, ROUNDS, , (void)!preadv(file, &part, 1, 0), SYS_preadv, NONE) \
	EACH(pwritev, ROUNDS, , (void)!pwritev(file, &part, 1, 0), SYS_pwritev, NONE) \
	EACH(preadv2, ROUNDS, , (void)!preadv2(file, &part, 1, 0, 0), SYS_preadv2, NONE) \
	EACH(pwritev2, ROUNDS, , (void)!pwritev2(file, &part, 1, 0, 0), SYS_pwritev2, NONE) \
	EACH(splice, ROUNDS, , FILLED((void)!splice(pipe_ends[0], NULL, other_pipe[1], NULL, 1, 0)); syscall(SYS_read, other_pipe[0], &byte, 1), SYS_splice, SYS_read, SYS_write, NONE) \
	EACH(tee, ROUNDS, , FILLED((void)!tee(pipe_ends[0], other_pipe[1], 1, 0)); syscall(SYS_read, other_pipe[0], &byte, 1); syscall(SYS_read, pipe_ends[0], &byte, 1), SYS_tee, SYS_read, SYS_write, NONE) \
	EACH(vmsplice, ROUNDS, , EMPTIED((void)!vmsplice(pipe_ends[1], &part, 1, 0)), SYS_vmsplice, SYS_read, NONE) \
	EACH(sendfile, ROUNDS, , off_t at = 0; EMPTIED((void)!sendfile(pipe_ends[1], file, &at, 1)), SYS_sendfile, SYS_read, NONE) \
	EACH(copy_file_range, ROUNDS, , off64_t from = 0; off64_t to = 64; (void)!copy_file_range(file, &from, file, &to, 1, 0), SYS_copy_file_range, NONE) \
	EACH(flock, ROUNDS, , flock(file, LOCK_EX), SYS_flock, NONE) \
	EACH(lockf, ROUNDS, , lockf(file, F_LOCK, 0), SYS_fcntl, NONE) \
	EACH(fcntl, ROUNDS, , struct flock whole = {.l_type = F_WRLCK}; fcntl(file, F_SETLKW, &whole), SYS_fcntl, NONE) \
	EACH(wait, ROUNDS, , wait(NULL), SYS_wait4, NONE) \
	EACH(waitpid, ROUNDS, , waitpid(-1, NULL, 0), SYS_wait4, NONE) \
	EACH(wait3, ROUNDS, , wait3(NULL, 0, NULL), SYS_wait4, NONE) \
	EACH(wait4, ROUNDS, , wait4(-1, NULL, 0, NULL), SYS_wait4, NONE) \
	EACH(waitid, ROUNDS, , siginfo_t info; waitid(P_ALL, 0, &info, WEXITED), SYS_waitid, NONE) \
	EACH(sigwait, ROUNDS, sigprocmask(SIG_BLOCK, &usr1, NULL), int taken; syscall(SYS_kill, syscall(SYS_getpid), SIGUSR1); sigwait(&usr1, &taken), SYS_rt_sigtimedwait, SYS_kill, SYS_getpid, NONE) \
	EACH(sigwaitinfo, ROUNDS, sigprocmask(SIG_BLOCK, &usr1, NULL), syscall(SYS_kill, syscall(SYS_getpid), SIGUSR1); sigwaitinfo(&usr1, NULL), SYS_rt_sigtimedwait, SYS_kill, SYS_getpid, NONE) \
	EACH(sigtimedwait, SOME, sigprocmask(SIG_BLOCK, &usr1, NULL), sigtimedwait(&usr1, NULL, &instant), SYS_rt_sigtimedwait, NONE) \
	EACH(sigsuspend, ROUNDS, sigprocmask(SIG_BLOCK, &usr1, NULL), syscall(SYS_kill, syscall(SYS_getpid), SIGUSR1); sigsuspend(&no_signals), SYS_rt_sigsuspend, SYS_kill, SYS_getpid, SYS_rt_sigreturn, NONE) \
	EACH(pause, FEW, setitimer(ITIMER_REAL, &(struct itimerval){{0, 1000}, {0, 1000}}, NULL), pause(), SYS_pause, SYS_rt_sigreturn, NONE) \
	EACH(msgrcv, ROUNDS, , msgsnd(queue, &letter, 1, 0); msgrcv(queue, &letter, 1, 0, 0), SYS_msgsnd, SYS_msgrcv, NONE) \
	EACH(msgsnd, ROUNDS, , msgsnd(queue, &letter, 1, 0); msgrcv(queue, &letter, 1, 0, 0), SYS_msgsnd, SYS_msgrcv, NONE) \
	EACH(semop, ROUNDS, , semop(semaphores, &one_up, 1); semop(semaphores, &one_down, 1), SYS_semop, SYS_semtimedop, NONE) \
	EACH(semtimedop, ROUNDS, , semtimedop(semaphores, &one_up, 1, NULL); semtimedop(semaphores, &one_down, 1, &later), SYS_semtimedop, NONE) \
	EACH(mq_receive, ROUNDS, , mq_send(mqueue, &byte, 1, 0); mq_receive(mqueue, &byte, 1, NULL), SYS_mq_timedsend, SYS_mq_timedreceive, NONE) \
	EACH(mq_send, ROUNDS, , mq_send(mqueue, &byte, 1, 0); mq_receive(mqueue, &byte, 1, NULL), SYS_mq_timedsend, SYS_mq_timedreceive, NONE) \
	EACH(mq_timedreceive, ROUNDS, , mq_send(mqueue, &byte, 1, 0); mq_timedreceive(mqueue, &byte, 1, NULL, &later), SYS_mq_timedsend, SYS_mq_timedreceive, NONE) \
	EACH(mq_timedsend, ROUNDS, , mq_timedsend(mqueue, &byte, 1, 0, &later); mq_receive(mqueue, &byte, 1, NULL), SYS_mq_timedsend, SYS_mq_timedreceive, NONE) \
	EACH(nanosleep, SOME, , nanosleep(&instant, NULL), SYS_nanosleep, SYS_clock_nanosleep, NONE) \
	EACH(clock_nanosleep, ROUNDS, , clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &past, NULL), SYS_clock_nanosleep, NONE) \
	EACH(usleep, SOME, , usleep(1), SYS_nanosleep, SYS_clock_nanosleep, NONE) \
	EACH(sleep, ROUNDS, , sleep(0), SYS_nanosleep, SYS_clock_nanosleep, NONE) \
	EACH(thrd_sleep, SOME, , thrd_sleep(&instant, NULL), SYS_nanosleep, SYS_clock_nanosleep, NONE)

#define EACH(kind, rounds, preparation, round, ...) \
	static void prepare_##kind(void) { preparation; } \
	static void do_##kind(void) { round; }
KINDS(EACH)
#undef EACH

static const struct kind {
	const char *name;
	int rounds;
	void (*prepare)(void);
	void (*round)(void);
	int calls[8]; /* its own, then -1 */
} kinds[] = {
#define EACH(kind, rounds, preparation, round, ...) \
	{#kind, rounds, prepare_##kind, do_##kind, {__VA_ARGS__}},
KINDS(EACH)
#undef EACH
};
/* clang-format on */

#define KIND_COUNT (sizeof kinds / sizeof *kinds)

/* --- measuring ----------------------------------------------------------------------------------------------- */

static const struct kind *measured;

static void refused(int signal, siginfo_t *info, void *context)
{
	char line[128];
	(void)signal, (void)context;
	int bytes = snprintf(line, sizeof line, "%s: entered system call %d\n", measured->name,
		info->si_syscall);
	syscall(SYS_write, STDOUT_FILENO, line, bytes);
	syscall(SYS_exit_group, 1);
}

/* From now on the calling thread may enter its own calls, write and end; false if that cannot be had. */
static int filter_calls(const int *calls)
{
	struct sock_filter code[32];
	unsigned short at = 0;
	int allowed[12] = {SYS_exit_group, SYS_write /* of the result */}, count = 2;
	for (; *calls >= 0; calls++)
		allowed[count++] = *calls;
	code[at++] = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (int i = 0; i < count; i++) {
		code[at++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, (unsigned)allowed[i], 0, 1);
		code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
	struct sock_fprog program = {at, code};
	sigaction(
		SIGSYS, &(struct sigaction){.sa_sigaction = refused, .sa_flags = SA_SIGINFO}, NULL);
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* Prints by hand: printf allocates. */
static void measure(const struct kind *kind, int rounds)
{
	char line[128];
	measured = kind;
	kind->prepare();
	for (int i = 0; i < 100; i++)
		kind->round();
	if (!filter_calls(kind->calls)) {
		(void)!write(STDOUT_FILENO, "no seccomp\n", 11);
		_exit(2);
	}
	unsigned long mallocs_before = mallocs, frees_before = frees;
	for (int i = 0; i < rounds; i++)
		kind->round();
	unsigned long made = mallocs - mallocs_before, freed = frees - frees_before;
	int bytes = snprintf(line, sizeof line, "%s rounds=%d mallocs=%lu frees=%lu\n", kind->name,
		rounds, made, freed);
	syscall(SYS_write, STDOUT_FILENO, line, bytes);
	syscall(SYS_exit_group, 0);
}

/* In a process of its own: filters stay, and so do threads. */
static int run(const struct kind *kind)
{
	int status;
	pid_t child = fork();
	if (child == 0) {
		setup();
		measure(kind, kind->rounds);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return 3;
	return WEXITSTATUS(status);
}

static int wanted(const char *name, char **names)
{
	if (!*names)
		return 1;
	for (; *names; names++)
		if (strcmp(name, *names) == 0)
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	int list = argc > 1 && strcmp(argv[1], "-l") == 0, worst = 0;
	queue = msgget(IPC_PRIVATE, 0600);
	semaphores = semget(IPC_PRIVATE, 1, 0600);
	for (size_t i = 0; i < KIND_COUNT; i++) {
		if (list) {
			puts(kinds[i].name);
			continue;
		}
		int status = wanted(kinds[i].name, argv + 1) ? run(&kinds[i]) : 0;
		worst = status > worst ? status : worst;
	}
	msgctl(queue, IPC_RMID, NULL);
	semctl(semaphores, 0, IPC_RMID);
	return worst;
}
