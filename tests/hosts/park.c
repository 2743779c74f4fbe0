/*
 * park.c - a thread in every call that waits, one function each, and what a report should say of it.
 *
 *	park		parks a thread in each spot of the table, prints what is expected of each, then "ready"
 *	park NAME...	only these
 *	park --list	the names of all
 *
 * A line of the output: NAME WAIT TIMED OBJECT FUNCTION DETAIL, separated by tabs. OBJECT and DETAIL are
 * regular expressions for grep -E, DETAIL for the descriptor's explanation ("-": none expected). FUNCTION is the
 * spot's own, "-" where the thread is not the program's. "skip NAME REASON" is a spot that this machine
 * does not have. A thread has the name of its spot.
 *
 * Adding a call is a row here and a function park_NAME below.
 */
#include "tests/hosts/slowfile.h"

#include <aio.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <linux/userfaultfd.h>
#include <mqueue.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <resolv.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

/* SPOT(name, wait, timed) */
#define SPOTS                                                                                      \
	/* mutexes, all held by the main thread */                                                 \
	SPOT(mutex, "mutex_lock", 0)                                                               \
	SPOT(mutex_recurs, "mutex_lock", 0)                                                        \
	SPOT(mutex_errchk, "mutex_lock", 0)                                                        \
	SPOT(mutex_robust, "mutex_lock", 0)                                                        \
	SPOT(mutex_pi, "mutex_lock", 0)                                                            \
	SPOT(mutex_adapt, "mutex_lock", 0)                                                         \
	SPOT(mutex_timed, "mutex_lock", 1)                                                         \
	SPOT(mutex_clock, "mutex_lock", 1)                                                         \
	SPOT(mutex_pi_timed, "mutex_lock", 1)                                                      \
	SPOT(rwlock_rd, "rwlock_rdlock", 0)                                                        \
	SPOT(rwlock_rd_timed, "rwlock_rdlock", 1)                                                  \
	SPOT(rwlock_rd_clock, "rwlock_rdlock", 1)                                                  \
	SPOT(rwlock_wr, "rwlock_wrlock", 0)                                                        \
	SPOT(rwlock_wr_timed, "rwlock_wrlock", 1)                                                  \
	SPOT(rwlock_wr_clock, "rwlock_wrlock", 1)                                                  \
	/* condition variables, barrier, once, spin lock, semaphores */                            \
	SPOT(cond, "cond_wait", 0)                                                                 \
	SPOT(cond_timed, "cond_wait", 1)                                                           \
	SPOT(cond_clock, "cond_wait", 1)                                                           \
	SPOT(barrier, "barrier_wait", 0)                                                           \
	SPOT(once, "once", 0)                                                                      \
	SPOT(call_once, "once", 0)                                                                 \
	SPOT(spin, "running", -1)                                                                  \
	SPOT(sem, "sem_wait", 0)                                                                   \
	SPOT(sem_named, "sem_wait", 0)                                                             \
	SPOT(sem_timed, "sem_wait", 1)                                                             \
	SPOT(sem_clock, "sem_wait", 1)                                                             \
	/* joins */                                                                                \
	SPOT(join, "join", 0)                                                                      \
	SPOT(join_timed, "join", 1)                                                                \
	SPOT(join_clock, "join", 1)                                                                \
	SPOT(thrd_join, "join", 0)                                                                 \
	/* C11 */                                                                                  \
	SPOT(mtx, "mutex_lock", 0)                                                                 \
	SPOT(mtx_timed, "mutex_lock", 1)                                                           \
	SPOT(cnd, "cond_wait", 0)                                                                  \
	SPOT(cnd_timed, "cond_wait", 1)                                                            \
	SPOT(thrd_sleep, "nanosleep", 1)                                                           \
	/* futexes by number */                                                                    \
	SPOT(futex, "futex", 0)                                                                    \
	SPOT(futex_bitset, "futex", 1)                                                             \
	SPOT(futex_pi, "futex", 0)                                                                 \
	SPOT(futex_requeue, "futex", 0)                                                            \
	SPOT(futex_waitv, "futex_waitv", 0)                                                        \
	/* reading, from all sorts of descriptors */                                               \
	SPOT(read_pipe, "read", 0)                                                                 \
	SPOT(read_pipe_half, "read", 0)                                                            \
	SPOT(read_fifo, "read", 0)                                                                 \
	SPOT(read_socket, "read", 0)                                                               \
	SPOT(read_eventfd, "read", 0)                                                              \
	SPOT(read_signalfd, "read", 0)                                                             \
	SPOT(read_timerfd, "read", 0)                                                              \
	SPOT(read_inotify, "read", 0)                                                              \
	SPOT(read_tty, "read", 0)                                                                  \
	SPOT(read_tcp, "read", 0)                                                                  \
	SPOT(read_slow, "read", 0)                                                                 \
	SPOT(pread_slow, "read", 0)                                                                \
	SPOT(preadv_slow, "read", 0)                                                               \
	SPOT(pwrite_slow, "write", 0)                                                              \
	SPOT(pwritev_slow, "write", 0)                                                             \
	SPOT(copy_slow, "transfer", 0)                                                             \
	SPOT(read_chk, "read", 0)                                                                  \
	SPOT(pread_chk, "read", 0)                                                                 \
	SPOT(readv, "read", 0)                                                                     \
	SPOT(preadv2, "read", 0)                                                                   \
	SPOT(write_pipe, "write", 0)                                                               \
	SPOT(write_socket, "write", 0)                                                             \
	SPOT(writev, "write", 0)                                                                   \
	SPOT(pwritev2, "write", 0)                                                                 \
	/* sockets */                                                                              \
	SPOT(recv, "recv", 0)                                                                      \
	SPOT(recv_chk, "recv", 0)                                                                  \
	SPOT(recvfrom_chk, "recv", 0)                                                              \
	SPOT(recvfrom, "recv", 0)                                                                  \
	SPOT(recvmsg, "recv", 0)                                                                   \
	SPOT(recvmmsg, "recv", 1)                                                                  \
	SPOT(recv_udp, "recv", 0)                                                                  \
	SPOT(recv_tcp6, "recv", 0)                                                                 \
	SPOT(send, "send", 0)                                                                      \
	SPOT(sendto, "send", 0)                                                                    \
	SPOT(sendmsg, "send", 0)                                                                   \
	SPOT(sendmmsg, "send", 0)                                                                  \
	SPOT(accept, "accept", 0)                                                                  \
	SPOT(accept4, "accept", 0)                                                                 \
	SPOT(accept_unix, "accept", 0)                                                             \
	SPOT(recv_unix, "recv", 0)                                                                 \
	SPOT(connect, "connect", 0)                                                                \
	/* readiness */                                                                            \
	SPOT(poll, "poll", 0)                                                                      \
	SPOT(poll_chk, "poll", 0)                                                                  \
	SPOT(ppoll_chk, "poll", 1)                                                                 \
	SPOT(poll_timed, "poll", 1)                                                                \
	SPOT(poll_none, "poll", 1)                                                                 \
	SPOT(ppoll, "poll", 1)                                                                     \
	SPOT(select, "select", 0)                                                                  \
	SPOT(select_timed, "select", 1)                                                            \
	SPOT(pselect, "select", 0)                                                                 \
	SPOT(epoll_wait, "epoll_wait", 0)                                                          \
	SPOT(epoll_pwait, "epoll_wait", 1)                                                         \
	SPOT(epoll_pwait2, "epoll_wait", 1)                                                        \
	/* between descriptors, files */                                                           \
	SPOT(splice, "transfer", 0)                                                                \
	SPOT(tee, "transfer", 0)                                                                   \
	SPOT(vmsplice, "transfer", 0)                                                              \
	SPOT(sendfile, "transfer", 0)                                                              \
	SPOT(open_fifo, "open", 0)                                                                 \
	SPOT(fopen_fifo, "open", 0)                                                                \
	SPOT(flock, "file_lock", 0)                                                                \
	SPOT(lockf, "file_lock", 0)                                                                \
	SPOT(fcntl_lock, "file_lock", 0)                                                           \
	SPOT(fcntl_ofd, "file_lock", 0)                                                            \
	/* children, signals, queues */                                                            \
	SPOT(wait, "wait_child", 0)                                                                \
	SPOT(waitpid, "wait_child", 0)                                                             \
	SPOT(wait3, "wait_child", 0)                                                               \
	SPOT(wait4, "wait_child", 0)                                                               \
	SPOT(waitid, "wait_child", 0)                                                              \
	SPOT(system, "wait_child", 0)                                                              \
	SPOT(sigwait, "sigwait", 0)                                                                \
	SPOT(sigwaitinfo, "sigwait", 0)                                                            \
	SPOT(sigtimedwait, "sigwait", 1)                                                           \
	SPOT(sigsuspend, "sigwait", 0)                                                             \
	SPOT(pause, "sigwait", 0)                                                                  \
	SPOT(msgrcv, "msg_queue", 0)                                                               \
	SPOT(msgsnd, "msg_queue", 0)                                                               \
	SPOT(semop, "semop", 0)                                                                    \
	SPOT(semtimedop, "semop", 1)                                                               \
	SPOT(mq_receive, "mqueue", 0)                                                              \
	SPOT(mq_timedreceive, "mqueue", 1)                                                         \
	SPOT(mq_send, "mqueue", 0)                                                                 \
	SPOT(mq_timedsend, "mqueue", 1)                                                            \
	/* sleeping, asynchronous I/O */                                                           \
	SPOT(nanosleep, "nanosleep", 1)                                                            \
	SPOT(clock_nanosleep, "nanosleep", 1)                                                      \
	SPOT(usleep, "nanosleep", 1)                                                               \
	SPOT(sleep, "nanosleep", 1)                                                                \
	SPOT(io_getevents, "io_events", 0)                                                         \
	SPOT(io_pgetevents, "io_events", 1)                                                        \
	SPOT(io_uring, "io_uring", 0)                                                              \
	/* what no wrapper sees: inside libc, in its own threads, past the shim */                 \
	SPOT(fgets, "read", 0)                                                                     \
	SPOT(fread, "read", 0)                                                                     \
	SPOT(fwrite, "write", 0)                                                                   \
	SPOT(stdio_lock, "futex", 0)                                                               \
	SPOT(getaddrinfo, "poll", 1)                                                               \
	SPOT(gai_suspend, "futex", 0)                                                              \
	SPOT(gai_helper, "open", 0)                                                                \
	SPOT(aio_suspend, "futex", 0)                                                              \
	SPOT(aio_helper, "read", 0)                                                                \
	SPOT(lio_listio, "futex", 0)                                                               \
	SPOT(timer_helper, "sigwait", 0)                                                           \
	SPOT(mq_helper, "recv", 0)                                                                 \
	SPOT(page_fault, "stopped", -1)                                                            \
	SPOT(raw_clone, "sigwait", 0)                                                              \
	SPOT(asm_read, "read", 0)                                                                  \
	SPOT(in_handler, "read", 0)

/* What fortified programs call. */
ssize_t __read_chk(int fd, void *to, size_t bytes, size_t room);
ssize_t __pread_chk(int fd, void *to, size_t bytes, off_t at, size_t room);
ssize_t __recv_chk(int fd, void *to, size_t bytes, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *restrict to, size_t bytes, size_t room, int flags,
	struct sockaddr *restrict address, socklen_t *restrict length);
int __poll_chk(struct pollfd *fds, nfds_t count, int limit, size_t room);
int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *limit, const sigset_t *set,
	size_t room);

#define FAR_S  86400
#define UNUSED __attribute__((unused))

struct spot {
	const char *name, *wait;
	int timed;
	void (*park)(void);
	const char *function;
	char object[32], detail[256];
	char skipped[64];
	_Atomic bool placed;
};

#define SPOT(name, wait, timed) static void park_##name(void);
SPOTS
#undef SPOT

static struct spot spots[] = {
#define SPOT(name, wait, timed)                                                                    \
	{#name, wait, timed, park_##name, "park_" #name ",worker", "-", "-", "", false},
	SPOTS
#undef SPOT
};
#define COUNT (sizeof spots / sizeof *spots)

static __thread struct spot *here;
static pid_t child; /* holds locks, and is waited for */
static char directory[] = "/tmp/leakwatch-park.XXXXXX";

/* --- saying what is expected ------------------------------------------------------------------------ */

static void die(const char *what)
{
	fprintf(stderr, "park: %s: %s: %s\n", here ? here->name : "main", what, strerror(errno));
	exit(1);
}

static void on_memory(const volatile void *object)
{
	snprintf(here->object, sizeof here->object, "0x%lx", (unsigned long)(uintptr_t)object);
}

static void on_fd(int fd)
{
	if (fd < 0)
		die("descriptor");
	snprintf(here->object, sizeof here->object, "fd:%d", fd);
}

static void on_id(int id)
{
	if (id < 0)
		die("id");
	snprintf(here->object, sizeof here->object, "id:%d", id);
}

static __attribute__((format(printf, 1, 2))) void explained(const char *format, ...)
{
	va_list list;
	va_start(list, format);
	vsnprintf(here->detail, sizeof here->detail, format, list);
	va_end(list);
}

/* The last word before the wait. Callers keep their frames: see KEEP. */
static void placed(void)
{
	atomic_store(&here->placed, true);
}

static _Noreturn void skipped(const char *reason)
{
	snprintf(here->skipped, sizeof here->skipped, "%s", reason);
	placed();
	for (;;)
		pause();
}

static atomic_bool ending;

static void came_back(void)
{
	while (ending)
		pause();
	fprintf(stderr, "park: %s came back: %s\n", here->name, strerror(errno));
	exit(1);
}

/* Waits in call; never to be seen behind it. The empty assembler line keeps it from being a tail call. */
#define PARK(call)                                                                                 \
	do {                                                                                       \
		placed();                                                                          \
		(void)!(call);                                                                     \
		__asm__ volatile("");                                                              \
		came_back();                                                                       \
	} while (0)

/* --- things to wait on ------------------------------------------------------------------------------ */

static struct timespec far(clockid_t clock)
{
	struct timespec time;
	clock_gettime(clock, &time);
	time.tv_sec += FAR_S;
	return time;
}

static unsigned long inode(int fd)
{
	struct stat status;
	if (fstat(fd, &status) != 0)
		die("fstat");
	return status.st_ino;
}

/* A pipe that is empty, or full. ends[0] is read from. */
static void pipe_make(int ends[2], bool full)
{
	static char block[65536];
	if (pipe(ends) != 0)
		die("pipe");
	if (!full)
		return;
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	while (write(ends[1], block, sizeof block) > 0 || write(ends[1], block, 1) > 0)
		;
	fcntl(ends[1], F_SETFL, 0);
}

static void pair_make(int ends[2], int type, bool full)
{
	static char block[4096];
	if (socketpair(AF_UNIX, type, 0, ends) != 0)
		die("socketpair");
	while (full &&
		send(ends[0], block, type == SOCK_STREAM ? sizeof block : 1, MSG_DONTWAIT) > 0)
		;
}

static void on_pipe(int ends[2], int side)
{
	on_fd(ends[side]);
	explained("pipe:\\[%lu\\], other end: fd %d in this process", inode(ends[0]), ends[!side]);
}

static void on_pair(int ends[2])
{
	on_fd(ends[0]);
	explained("unix:\\[%lu\\], other end: fd %d in this process", inode(ends[0]), ends[1]);
}

static struct sockaddr_in loopback(void)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int tcp_listener(int *port)
{
	struct sockaddr_in address = loopback();
	socklen_t bytes = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || bind(fd, (void *)&address, bytes) != 0 || listen(fd, 5) != 0 ||
		getsockname(fd, (void *)&address, &bytes) != 0)
		die("listen");
	*port = ntohs(address.sin_port);
	return fd;
}

static int tcp_client(int port)
{
	struct sockaddr_in address = loopback();
	address.sin_port = htons((uint16_t)port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, (void *)&address, sizeof address) != 0)
		die("connect");
	return fd;
}

static int unix_listener(struct sockaddr_un *address, const char *name, int backlog)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(address->sun_path, sizeof address->sun_path, "%s/%s", directory, name);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd < 0 || bind(fd, (void *)address, sizeof *address) != 0 || listen(fd, backlog) != 0)
		die("listen");
	return fd;
}

static int file_open(const char *name)
{
	char path[64];
	snprintf(path, sizeof path, "%s/%s", directory, name);
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	if (fd < 0)
		die(path);
	return fd;
}

static void fifo_make(const char *name, char path[64])
{
	snprintf(path, 64, "%s/%s", directory, name);
	if (mkfifo(path, 0600) != 0)
		die(path);
}

static void *stay(void *unused)
{
	prctl(PR_SET_NAME, "stay");
	for (;;)
		pause();
	return unused;
}

static pthread_t stayer(void)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, stay, NULL) != 0)
		die("pthread_create");
	return thread;
}

static void on_thread(void)
{
	strcpy(here->object, "thread:[1-9][0-9]*");
}

/* --- mutexes ---------------------------------------------------------------------------------------- */

enum { NORMAL, RECURSIVE, ERRORCHECK, ADAPTIVE, ROBUST, PI, MUTEXES };
static pthread_mutex_t mutexes[MUTEXES];
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static mtx_t mtx;

static void mutexes_hold(void)
{
	static const int types[] = {[RECURSIVE] = PTHREAD_MUTEX_RECURSIVE,
		[ERRORCHECK] = PTHREAD_MUTEX_ERRORCHECK,
		[ADAPTIVE] = PTHREAD_MUTEX_ADAPTIVE_NP,
		[PI] = PTHREAD_MUTEX_NORMAL};
	for (int i = 0; i < MUTEXES; i++) {
		pthread_mutexattr_t attributes;
		pthread_mutexattr_init(&attributes);
		pthread_mutexattr_settype(&attributes, types[i]);
		if (i == ROBUST)
			pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
		if (i == PI)
			pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
		pthread_mutex_init(&mutexes[i], &attributes);
		pthread_mutex_lock(&mutexes[i]);
	}
	pthread_rwlock_wrlock(&rwlock);
	mtx_init(&mtx, mtx_timed);
	mtx_lock(&mtx);
}

#define MUTEX_SPOT(name, which, call)                                                              \
	static __attribute__((noinline)) void park_##name(void)                                    \
	{                                                                                          \
		pthread_mutex_t *mutex = &mutexes[which];                                          \
		struct timespec deadline UNUSED = far(CLOCK_REALTIME);                             \
		on_memory(mutex);                                                                  \
		PARK(call);                                                                        \
	}
MUTEX_SPOT(mutex, NORMAL, pthread_mutex_lock(mutex))
MUTEX_SPOT(mutex_recurs, RECURSIVE, pthread_mutex_lock(mutex))
MUTEX_SPOT(mutex_errchk, ERRORCHECK, pthread_mutex_lock(mutex))
MUTEX_SPOT(mutex_robust, ROBUST, pthread_mutex_lock(mutex))
MUTEX_SPOT(mutex_pi, PI, pthread_mutex_lock(mutex))
MUTEX_SPOT(mutex_adapt, ADAPTIVE, pthread_mutex_lock(mutex))
MUTEX_SPOT(mutex_timed, NORMAL, pthread_mutex_timedlock(mutex, &deadline))
MUTEX_SPOT(mutex_clock, NORMAL, pthread_mutex_clocklock(mutex, CLOCK_REALTIME, &deadline))
MUTEX_SPOT(mutex_pi_timed, PI, pthread_mutex_timedlock(mutex, &deadline))

#define RWLOCK_SPOT(name, call)                                                                    \
	static __attribute__((noinline)) void park_##name(void)                                    \
	{                                                                                          \
		struct timespec deadline UNUSED = far(CLOCK_REALTIME);                             \
		on_memory(&rwlock);                                                                \
		PARK(call);                                                                        \
	}
RWLOCK_SPOT(rwlock_rd, pthread_rwlock_rdlock(&rwlock))
RWLOCK_SPOT(rwlock_rd_timed, pthread_rwlock_timedrdlock(&rwlock, &deadline))
RWLOCK_SPOT(rwlock_rd_clock, pthread_rwlock_clockrdlock(&rwlock, CLOCK_REALTIME, &deadline))
RWLOCK_SPOT(rwlock_wr, pthread_rwlock_wrlock(&rwlock))
RWLOCK_SPOT(rwlock_wr_timed, pthread_rwlock_timedwrlock(&rwlock, &deadline))
RWLOCK_SPOT(rwlock_wr_clock, pthread_rwlock_clockwrlock(&rwlock, CLOCK_REALTIME, &deadline))

/* --- condition variables, barrier, once, spin lock, semaphores -------------------------------------- */

#define COND_SPOT(name, call)                                                                      \
	static __attribute__((noinline)) void park_##name(void)                                    \
	{                                                                                          \
		static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;                             \
		static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;                          \
		struct timespec deadline UNUSED = far(CLOCK_REALTIME);                             \
		on_memory(&cond);                                                                  \
		pthread_mutex_lock(&mutex);                                                        \
		PARK(call);                                                                        \
	}
COND_SPOT(cond, pthread_cond_wait(&cond, &mutex))
COND_SPOT(cond_timed, pthread_cond_timedwait(&cond, &mutex, &deadline))
COND_SPOT(cond_clock, pthread_cond_clockwait(&cond, &mutex, CLOCK_REALTIME, &deadline))

static __attribute__((noinline)) void park_barrier(void)
{
	static pthread_barrier_t barrier;
	pthread_barrier_init(&barrier, NULL, 2);
	on_memory(&barrier);
	PARK(pthread_barrier_wait(&barrier));
}

static atomic_int initialising;

static void initialise(void)
{
	atomic_fetch_add(&initialising, 1);
	for (;;)
		pause();
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static once_flag flag = ONCE_FLAG_INIT;

static void *once_first(void *unused)
{
	pthread_once(&once, initialise);
	return unused;
}

static void *call_once_first(void *unused)
{
	call_once(&flag, initialise);
	return unused;
}

static void other_initialises(void *(*first)(void *))
{
	pthread_t thread;
	int before = initialising;
	pthread_create(&thread, NULL, first, NULL);
	while (initialising == before)
		sched_yield();
}

static __attribute__((noinline)) void park_once(void)
{
	other_initialises(once_first);
	on_memory(&once);
	PARK(pthread_once(&once, initialise));
}

static __attribute__((noinline)) void park_call_once(void)
{
	other_initialises(call_once_first);
	on_memory(&flag);
	PARK((call_once(&flag, initialise), 0));
}

static __attribute__((noinline)) void park_spin(void)
{
	static pthread_spinlock_t spin;
	pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
	pthread_spin_lock(&spin);
	setpriority(PRIO_PROCESS, (id_t)gettid(), 19);
	here->function = "-"; /* a running thread has no stack in a dump */
	PARK(pthread_spin_lock(&spin));
}

#define SEM_SPOT(name, call)                                                                       \
	static __attribute__((noinline)) void park_##name(void)                                    \
	{                                                                                          \
		static sem_t sem;                                                                  \
		struct timespec deadline UNUSED = far(CLOCK_REALTIME);                             \
		sem_init(&sem, 0, 0);                                                              \
		on_memory(&sem);                                                                   \
		PARK(call);                                                                        \
	}
SEM_SPOT(sem, sem_wait(&sem))
SEM_SPOT(sem_timed, sem_timedwait(&sem, &deadline))
SEM_SPOT(sem_clock, sem_clockwait(&sem, CLOCK_REALTIME, &deadline))

static __attribute__((noinline)) void park_sem_named(void)
{
	char name[32];
	snprintf(name, sizeof name, "/leakwatch-park-%d", getpid());
	sem_t *sem = sem_open(name, O_CREAT | O_EXCL, 0600, 0);
	if (sem == SEM_FAILED)
		skipped("no named semaphores");
	sem_unlink(name);
	on_memory(sem);
	PARK(sem_wait(sem));
}

/* --- joins, C11 ------------------------------------------------------------------------------------- */

#define JOIN_SPOT(name, call)                                                                      \
	static __attribute__((noinline)) void park_##name(void)                                    \
	{                                                                                          \
		struct timespec deadline UNUSED = far(CLOCK_REALTIME);                             \
		pthread_t thread = stayer();                                                       \
		on_thread();                                                                       \
		PARK(call);                                                                        \
	}
JOIN_SPOT(join, pthread_join(thread, NULL))
JOIN_SPOT(join_timed, pthread_timedjoin_np(thread, NULL, &deadline))
JOIN_SPOT(join_clock, pthread_clockjoin_np(thread, NULL, CLOCK_REALTIME, &deadline))

static int stay_c11(void *unused)
{
	stay(unused);
	return 0;
}

static __attribute__((noinline)) void park_thrd_join(void)
{
	thrd_t thread;
	thrd_create(&thread, stay_c11, NULL);
	on_thread();
	PARK(thrd_join(thread, NULL));
}

static __attribute__((noinline)) void park_mtx(void)
{
	on_memory(&mtx);
	PARK(mtx_lock(&mtx));
}

static __attribute__((noinline)) void park_mtx_timed(void)
{
	struct timespec deadline = far(CLOCK_REALTIME);
	on_memory(&mtx);
	PARK(mtx_timedlock(&mtx, &deadline));
}

#define CND_SPOT(name, call)                                                                       \
	static __attribute__((noinline)) void park_##name(void)                                    \
	{                                                                                          \
		static cnd_t cond;                                                                 \
		static mtx_t mutex;                                                                \
		struct timespec deadline UNUSED = far(CLOCK_REALTIME);                             \
		cnd_init(&cond);                                                                   \
		mtx_init(&mutex, mtx_plain);                                                       \
		mtx_lock(&mutex);                                                                  \
		on_memory(&cond);                                                                  \
		PARK(call);                                                                        \
	}
CND_SPOT(cnd, cnd_wait(&cond, &mutex))
CND_SPOT(cnd_timed, cnd_timedwait(&cond, &mutex, &deadline))

static const struct timespec day = {FAR_S, 0};

static __attribute__((noinline)) void park_thrd_sleep(void)
{
	PARK(thrd_sleep(&day, NULL));
}

/* --- futexes ---------------------------------------------------------------------------------------- */

static __attribute__((noinline)) void park_futex(void)
{
	static int word;
	on_memory(&word);
	PARK(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0));
}

static __attribute__((noinline)) void park_futex_bitset(void)
{
	static int word;
	struct timespec deadline = far(CLOCK_MONOTONIC);
	on_memory(&word);
	PARK(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, &deadline, NULL,
		FUTEX_BITSET_MATCH_ANY));
}

/* Held by the main thread, as the kernel takes it. */
static __attribute__((noinline)) void park_futex_pi(void)
{
	static int word;
	word = getpid();
	on_memory(&word);
	PARK(syscall(SYS_futex, &word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
}

static __attribute__((noinline)) void park_futex_requeue(void)
{
	static int words[2];
	on_memory(&words[0]);
	PARK(syscall(SYS_futex, &words[0], FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, NULL, &words[1], 0));
}

static __attribute__((noinline)) void park_futex_waitv(void)
{
	static uint32_t words[2];
	struct {
		uint64_t value, address;
		uint32_t flags, reserved;
	} waiters[2] = {
		{0, (uintptr_t)&words[0], 2 /* FUTEX_32 */, 0}, {0, (uintptr_t)&words[1], 2, 0}};
	if (syscall(449, NULL, 0, 0, NULL, 0) != 0 && errno == ENOSYS)
		skipped("this kernel has no futex_waitv");
	on_memory(&words[0]);
	PARK(syscall(449, waiters, 2, 0, NULL, 0));
}

/* --- reading and writing ---------------------------------------------------------------------------- */

static char buffer[65536];

#define PIPE_SPOT(name, side, call)                                                                \
	static __attribute__((noinline)) void park_##name(void)                                    \
	{                                                                                          \
		int ends[2];                                                                       \
		struct iovec parts UNUSED = {buffer, sizeof buffer};                               \
		pipe_make(ends, (side) == 1);                                                      \
		on_pipe(ends, side);                                                               \
		PARK(call);                                                                        \
	}
PIPE_SPOT(read_pipe, 0, read(ends[0], buffer, 1))
PIPE_SPOT(read_chk, 0, __read_chk(ends[0], buffer, 1, sizeof buffer))
PIPE_SPOT(readv, 0, readv(ends[0], &parts, 1))
PIPE_SPOT(preadv2, 0, preadv2(ends[0], &parts, 1, -1, 0))
PIPE_SPOT(write_pipe, 1, write(ends[1], buffer, 1))
PIPE_SPOT(writev, 1, writev(ends[1], &parts, 1))
PIPE_SPOT(pwritev2, 1, pwritev2(ends[1], &parts, 1, -1, 0))

static int slow_file = -1;

#define SLOW_SPOT(name, call)                                                                      \
	static __attribute__((noinline)) void park_##name(void)                                    \
	{                                                                                          \
		int fd = slow_file;                                                                \
		struct iovec part UNUSED = {buffer, 4096};                                         \
		if (fd < 0)                                                                        \
			skipped("no FUSE");                                                        \
		on_fd(fd);                                                                         \
		explained("file /.*");                                                             \
		PARK(call);                                                                        \
	}
SLOW_SPOT(read_slow, read(fd, buffer, 4096))
SLOW_SPOT(pread_slow, pread(fd, buffer, 4096, 8192))
SLOW_SPOT(pread_chk, __pread_chk(fd, buffer, 4096, 8192, sizeof buffer))
SLOW_SPOT(preadv_slow, preadv(fd, &part, 1, 0))
SLOW_SPOT(pwrite_slow, pwrite(fd, buffer, 4096, 0))
SLOW_SPOT(pwritev_slow, pwritev(fd, &part, 1, 0))
SLOW_SPOT(copy_slow, copy_file_range(fd, &(off_t){0}, fd, &(off_t){8192}, 4096, 0))

/* The other end is with a child only. */
static __attribute__((noinline)) void park_read_pipe_half(void)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/fd", child);
	int ends[2];
	pipe_make(ends, false);
	pid_t holder = fork();
	if (holder == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	close(ends[1]);
	on_fd(ends[0]);
	explained("pipe:\\[%lu\\], other end: not in this process", inode(ends[0]));
	PARK(read(ends[0], buffer, 1));
}

static __attribute__((noinline)) void park_read_fifo(void)
{
	char path[64];
	fifo_make("fifo", path);
	int both = open(path, O_RDWR), from = open(path, O_RDONLY), to = open(path, O_WRONLY);
	close(both);
	on_fd(from);
	explained("fifo %s, other end: fd %d in this process", path, to);
	PARK(read(from, buffer, 1));
}

#define PAIR_SPOT(name, type, full, call)                                                          \
	static __attribute__((noinline)) void park_##name(void)                                    \
	{                                                                                          \
		int ends[2];                                                                       \
		struct iovec parts = {buffer, 1};                                                  \
		struct mmsghdr messages UNUSED = {                                                 \
			.msg_hdr = {.msg_iov = &parts, .msg_iovlen = 1}};                          \
		struct timespec limit UNUSED = day;                                                \
		pair_make(ends, type, full);                                                       \
		on_pair(ends);                                                                     \
		PARK(call);                                                                        \
	}
PAIR_SPOT(read_socket, SOCK_STREAM, false, read(ends[0], buffer, 1))
PAIR_SPOT(write_socket, SOCK_STREAM, true, write(ends[0], buffer, sizeof buffer))
PAIR_SPOT(recv, SOCK_STREAM, false, recv(ends[0], buffer, 1, 0))
PAIR_SPOT(recv_chk, SOCK_STREAM, false, __recv_chk(ends[0], buffer, 1, sizeof buffer, 0))
PAIR_SPOT(recvfrom_chk, SOCK_STREAM, false,
	__recvfrom_chk(ends[0], buffer, 1, sizeof buffer, 0, NULL, NULL))
PAIR_SPOT(recvfrom, SOCK_DGRAM, false, recvfrom(ends[0], buffer, 1, 0, NULL, NULL))
PAIR_SPOT(recvmsg, SOCK_SEQPACKET, false, recvmsg(ends[0], &messages.msg_hdr, 0))
PAIR_SPOT(recvmmsg, SOCK_DGRAM, false, recvmmsg(ends[0], &messages, 1, 0, &limit))
PAIR_SPOT(send, SOCK_STREAM, true, send(ends[0], buffer, sizeof buffer, 0))
PAIR_SPOT(sendto, SOCK_STREAM, true, sendto(ends[0], buffer, sizeof buffer, 0, NULL, 0))
PAIR_SPOT(sendmsg, SOCK_DGRAM, true, sendmsg(ends[0], &messages.msg_hdr, 0))
PAIR_SPOT(sendmmsg, SOCK_DGRAM, true, sendmmsg(ends[0], &messages, 1, 0))

#define FD_SPOT(name, open, words)                                                                 \
	static __attribute__((noinline)) void park_##name(void)                                    \
	{                                                                                          \
		int fd = open;                                                                     \
		on_fd(fd);                                                                         \
		explained(words);                                                                  \
		PARK(read(fd, buffer, 4096));                                                      \
	}

static int signalfd_open(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	return signalfd(-1, &set, 0);
}

static int timerfd_open(void)
{
	struct itimerspec value = {{7200, 0}, {FAR_S, 0}};
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	timerfd_settime(fd, 0, &value, NULL);
	return fd;
}

static int inotify_open(void)
{
	int fd = inotify_init1(0);
	inotify_add_watch(fd, directory, IN_DELETE_SELF);
	return fd;
}

FD_SPOT(read_eventfd, eventfd(0, 0), "eventfd, count 0")
FD_SPOT(read_signalfd, signalfd_open(), "signalfd")
FD_SPOT(read_timerfd, timerfd_open(), "timerfd, period 2 h")
FD_SPOT(read_inotify, inotify_open(), "inotify")

static __attribute__((noinline)) void park_read_tty(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), fd;
	if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 ||
		(fd = open(ptsname(master), O_RDWR | O_NOCTTY)) < 0)
		skipped("no pseudo-terminals");
	on_fd(fd);
	explained("tty %s", ptsname(master));
	PARK(read(fd, buffer, 1));
}

/* --- sockets ---------------------------------------------------------------------------------------- */

static __attribute__((noinline)) void park_read_tcp(void)
{
	int port, listener = tcp_listener(&port), fd = tcp_client(port);
	struct sockaddr_in local;
	socklen_t bytes = sizeof local;
	getsockname(fd, (void *)&local, &bytes);
	if (accept(listener, NULL, NULL) < 0)
		die("accept");
	on_fd(fd);
	explained("tcp 127.0.0.1:%d -> 127.0.0.1:%d", ntohs(local.sin_port), port);
	PARK(read(fd, buffer, 1));
}

static __attribute__((noinline)) void park_recv_tcp6(void)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
	socklen_t bytes = sizeof address;
	int listener = socket(AF_INET6, SOCK_STREAM, 0), fd = socket(AF_INET6, SOCK_STREAM, 0);
	if (listener < 0 || bind(listener, (void *)&address, bytes) != 0)
		skipped("no IPv6 loopback");
	listen(listener, 1);
	getsockname(listener, (void *)&address, &bytes);
	if (connect(fd, (void *)&address, bytes) != 0)
		die("connect");
	on_fd(fd);
	explained("tcp \\[::1\\]:[0-9]+ -> \\[::1\\]:%d", ntohs(address.sin6_port));
	PARK(recv(fd, buffer, 1, 0));
}

static __attribute__((noinline)) void park_recv_udp(void)
{
	struct sockaddr_in address = loopback();
	socklen_t bytes = sizeof address;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || bind(fd, (void *)&address, bytes) != 0)
		die("bind");
	getsockname(fd, (void *)&address, &bytes);
	on_fd(fd);
	explained("udp 127.0.0.1:%d", ntohs(address.sin_port));
	PARK(recv(fd, buffer, 1, 0));
}

static __attribute__((noinline)) void park_accept(void)
{
	int port, fd = tcp_listener(&port);
	on_fd(fd);
	explained("tcp 127.0.0.1:%d, listening", port);
	PARK(accept(fd, NULL, NULL));
}

static __attribute__((noinline)) void park_accept4(void)
{
	int port, fd = tcp_listener(&port);
	on_fd(fd);
	explained("tcp 127.0.0.1:%d, listening", port);
	PARK(accept4(fd, NULL, NULL, SOCK_CLOEXEC));
}

static __attribute__((noinline)) void park_accept_unix(void)
{
	struct sockaddr_un address;
	int fd = unix_listener(&address, "accept", 1);
	on_fd(fd);
	explained("unix:\\[%lu\\] %s, listening", inode(fd), address.sun_path);
	PARK(accept(fd, NULL, NULL));
}

static __attribute__((noinline)) void park_recv_unix(void)
{
	struct sockaddr_un address;
	int listener = unix_listener(&address, "recv", 1), fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (connect(fd, (void *)&address, sizeof address) != 0)
		die("connect");
	int accepted = accept(listener, NULL, NULL);
	on_fd(fd);
	explained("unix:\\[%lu\\] -> %s, other end: fd %d in this process", inode(fd),
		address.sun_path, accepted);
	PARK(recv(fd, buffer, 1, 0));
}

/* To a listener whose queue is full. */
static __attribute__((noinline)) void park_connect(void)
{
	struct sockaddr_un address;
	int first = socket(AF_UNIX, SOCK_STREAM, 0), fd = socket(AF_UNIX, SOCK_STREAM, 0);
	unix_listener(&address, "connect", 0);
	if (connect(first, (void *)&address, sizeof address) != 0)
		die("connect");
	on_fd(fd);
	explained("unix:\\[%lu\\]", inode(fd));
	PARK(connect(fd, (void *)&address, sizeof address));
}

/* --- readiness -------------------------------------------------------------------------------------- */

/* A pipe, an eventfd and a listening socket. */
static void three_make(int fds[3], int *other, int *port)
{
	int ends[2];
	pipe_make(ends, false);
	fds[0] = ends[0];
	*other = ends[1];
	fds[1] = eventfd(0, 0);
	fds[2] = tcp_listener(port);
}

#define POLL_SPOT(name, call)                                                                      \
	static __attribute__((noinline)) void park_##name(void)                                    \
	{                                                                                          \
		int fds[3], other, port;                                                           \
		three_make(fds, &other, &port);                                                    \
		struct pollfd polled[3] = {                                                        \
			{fds[0], POLLIN, 0}, {fds[1], POLLIN, 0}, {fds[2], POLLIN, 0}};            \
		on_memory(polled);                                                                 \
		explained("3 fds: %d pipe:\\[%lu\\], other end: fd %d in this process; "           \
			  "%d eventfd, count 0; %d tcp 127.0.0.1:%d, listening",                   \
			fds[0], inode(fds[0]), other, fds[1], fds[2], port);                       \
		PARK(call);                                                                        \
	}
POLL_SPOT(poll, poll(polled, 3, -1))
POLL_SPOT(poll_chk, __poll_chk(polled, 3, -1, sizeof polled))
POLL_SPOT(ppoll_chk, __ppoll_chk(polled, 3, &day, NULL, sizeof polled))
POLL_SPOT(poll_timed, poll(polled, 3, FAR_S * 1000))
POLL_SPOT(ppoll, ppoll(polled, 3, &day, NULL))

static __attribute__((noinline)) void park_poll_none(void)
{
	strcpy(here->object, "0x0");
	PARK(poll(NULL, 0, FAR_S * 1000));
}

#define SELECT_SPOT(name, call)                                                                    \
	static __attribute__((noinline)) void park_##name(void)                                    \
	{                                                                                          \
		int fds[3], other, port, last = 0;                                                 \
		struct timeval limit UNUSED = {FAR_S, 0};                                          \
		fd_set set;                                                                        \
		three_make(fds, &other, &port);                                                    \
		FD_ZERO(&set);                                                                     \
		for (int i = 0; i < 3; i++) {                                                      \
			FD_SET(fds[i], &set);                                                      \
			last = fds[i] > last ? fds[i] : last;                                      \
		}                                                                                  \
		on_memory(&set);                                                                   \
		explained("3 fds: .*%d tcp 127.0.0.1:%d, listening", fds[2], port);                \
		PARK(call);                                                                        \
	}
SELECT_SPOT(select, select(last + 1, &set, NULL, NULL, NULL))
SELECT_SPOT(select_timed, select(last + 1, NULL, NULL, &set, &limit))
SELECT_SPOT(pselect, pselect(last + 1, &set, NULL, NULL, NULL, NULL))

#define EPOLL_SPOT(name, call)                                                                     \
	static __attribute__((noinline)) void park_##name(void)                                    \
	{                                                                                          \
		int fds[3], other, port, fd = epoll_create1(0);                                    \
		struct epoll_event event = {.events = EPOLLIN};                                    \
		three_make(fds, &other, &port);                                                    \
		for (int i = 0; i < 3; i++)                                                        \
			epoll_ctl(fd, EPOLL_CTL_ADD, fds[i], &event);                              \
		on_fd(fd);                                                                         \
		explained("epoll, 3 watched");                                                     \
		PARK(call);                                                                        \
	}
EPOLL_SPOT(epoll_wait, epoll_wait(fd, &event, 1, -1))
EPOLL_SPOT(epoll_pwait, epoll_pwait(fd, &event, 1, FAR_S * 1000, NULL))
EPOLL_SPOT(epoll_pwait2, epoll_pwait2(fd, &event, 1, &day, NULL))

/* --- between descriptors, files --------------------------------------------------------------------- */

static __attribute__((noinline)) void park_splice(void)
{
	int from[2], to[2];
	pipe_make(from, false);
	pipe_make(to, false);
	on_pipe(from, 0);
	PARK(splice(from[0], NULL, to[1], NULL, 1, 0));
}

static __attribute__((noinline)) void park_tee(void)
{
	int from[2], to[2];
	pipe_make(from, false);
	pipe_make(to, false);
	on_pipe(from, 0);
	PARK(tee(from[0], to[1], 1, 0));
}

static __attribute__((noinline)) void park_vmsplice(void)
{
	struct iovec parts = {buffer, 4096};
	int to[2];
	pipe_make(to, true);
	on_pipe(to, 1);
	PARK(vmsplice(to[1], &parts, 1, 0));
}

static __attribute__((noinline)) void park_sendfile(void)
{
	int to[2], file = file_open("sendfile");
	if (write(file, buffer, sizeof buffer) < 0 || lseek(file, 0, SEEK_SET) < 0)
		die("write");
	pair_make(to, SOCK_STREAM, true);
	on_pair(to);
	PARK(sendfile(to[0], file, NULL, sizeof buffer));
}

static __attribute__((noinline)) void park_open_fifo(void)
{
	char path[64];
	fifo_make("open", path);
	PARK(open(path, O_RDONLY));
}

static __attribute__((noinline)) void park_fopen_fifo(void)
{
	char path[64];
	fifo_make("fopen", path);
	PARK(fopen(path, "r") == NULL);
}

static __attribute__((noinline)) void park_flock(void)
{
	int holder = file_open("flock"), fd = file_open("flock");
	flock(holder, LOCK_EX);
	on_fd(fd);
	explained("file %s/flock", directory);
	PARK(flock(fd, LOCK_EX));
}

/* The child holds these. */
static __attribute__((noinline)) void park_lockf(void)
{
	int fd = file_open("locked");
	on_fd(fd);
	PARK(lockf(fd, F_LOCK, 1));
}

static __attribute__((noinline)) void park_fcntl_lock(void)
{
	struct flock lock = {.l_type = F_WRLCK, .l_len = 1};
	int fd = file_open("locked");
	on_fd(fd);
	PARK(fcntl(fd, F_SETLKW, &lock));
}

static __attribute__((noinline)) void park_fcntl_ofd(void)
{
	struct flock lock = {.l_type = F_WRLCK, .l_len = 1};
	int holder = file_open("ofd"), fd = file_open("ofd");
	fcntl(holder, F_OFD_SETLK, &lock);
	on_fd(fd);
	PARK(fcntl(fd, F_OFD_SETLKW, &lock));
}

/* --- children, signals, queues ---------------------------------------------------------------------- */

static __attribute__((noinline)) void park_wait(void)
{
	PARK(wait(NULL));
}

static __attribute__((noinline)) void park_waitpid(void)
{
	on_id(child);
	PARK(waitpid(child, NULL, 0));
}

static __attribute__((noinline)) void park_wait3(void)
{
	PARK(wait3(NULL, 0, NULL));
}

static __attribute__((noinline)) void park_wait4(void)
{
	on_id(child);
	PARK(wait4(child, NULL, 0, NULL));
}

static __attribute__((noinline)) void park_waitid(void)
{
	siginfo_t info;
	on_id(child);
	PARK(waitid(P_PID, (id_t)child, &info, WEXITED));
}

static __attribute__((noinline)) void park_system(void)
{
	char command[96];
	strcpy(here->object, "id:[1-9][0-9]*");
	/* Ends with this process: its parent is then another. */
	snprintf(command, sizeof command, "while kill -0 %d 2>/dev/null; do sleep 0.1; done",
		getpid());
	PARK(system(command));
}

static sigset_t nothing_sent(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMAX);
	return set;
}

static __attribute__((noinline)) void park_sigwait(void)
{
	int number;
	sigset_t set = nothing_sent();
	PARK(sigwait(&set, &number));
}

static __attribute__((noinline)) void park_sigwaitinfo(void)
{
	sigset_t set = nothing_sent();
	PARK(sigwaitinfo(&set, NULL));
}

static __attribute__((noinline)) void park_sigtimedwait(void)
{
	sigset_t set = nothing_sent();
	PARK(sigtimedwait(&set, NULL, &day));
}

static __attribute__((noinline)) void park_sigsuspend(void)
{
	sigset_t set;
	sigfillset(&set);
	PARK(sigsuspend(&set));
}

static __attribute__((noinline)) void park_pause(void)
{
	PARK(pause());
}

static int queue_make(bool full)
{
	int queue = msgget(IPC_PRIVATE, 0600);
	struct {
		long type;
		char text[64];
	} message = {.type = 1};
	if (queue < 0)
		skipped("no System V queues");
	while (full && msgsnd(queue, &message, sizeof message.text, IPC_NOWAIT) == 0)
		;
	on_id(queue);
	return queue;
}

static struct {
	long type;
	char text[64];
} message = {.type = 1};

static int system_v[4]; /* removed at the end: the queues and sets outlive processes */
static atomic_int system_v_count;

static __attribute__((noinline)) void park_msgrcv(void)
{
	int queue = queue_make(false);
	system_v[system_v_count++] = queue;
	PARK(msgrcv(queue, &message, sizeof message.text, 0, 0));
}

static __attribute__((noinline)) void park_msgsnd(void)
{
	int queue = queue_make(true);
	system_v[system_v_count++] = queue;
	PARK(msgsnd(queue, &message, sizeof message.text, 0));
}

static int sets[2];
static atomic_int set_count;

static int set_make(void)
{
	int set = semget(IPC_PRIVATE, 1, 0600);
	if (set < 0)
		skipped("no System V semaphores");
	sets[set_count++] = set;
	on_id(set);
	return set;
}

static __attribute__((noinline)) void park_semop(void)
{
	struct sembuf take = {0, -1, 0};
	int set = set_make();
	PARK(semop(set, &take, 1));
}

static __attribute__((noinline)) void park_semtimedop(void)
{
	struct sembuf take = {0, -1, 0};
	int set = set_make();
	PARK(semtimedop(set, &take, 1, &day));
}

static mqd_t mqueue_make(bool full)
{
	char name[48];
	struct mq_attr attributes = {.mq_maxmsg = 1, .mq_msgsize = 8};
	snprintf(name, sizeof name, "/leakwatch-%d-%s", getpid(), here->name);
	mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
	if (queue < 0)
		skipped("no POSIX queues");
	mq_unlink(name);
	if (full)
		mq_send(queue, "12345678", 8, 0);
	on_fd(queue);
	explained("mqueue %s \\(deleted\\)", name);
	return queue;
}

#define MQ_SPOT(name, full, call)                                                                  \
	static __attribute__((noinline)) void park_##name(void)                                    \
	{                                                                                          \
		char text[8] = "";                                                                 \
		struct timespec deadline UNUSED = far(CLOCK_REALTIME);                             \
		mqd_t queue = mqueue_make(full);                                                   \
		PARK(call);                                                                        \
	}
MQ_SPOT(mq_receive, false, mq_receive(queue, text, sizeof text, NULL))
MQ_SPOT(mq_timedreceive, false, mq_timedreceive(queue, text, sizeof text, NULL, &deadline))
MQ_SPOT(mq_send, true, mq_send(queue, text, sizeof text, 0))
MQ_SPOT(mq_timedsend, true, mq_timedsend(queue, text, sizeof text, 0, &deadline))

/* --- sleeping, asynchronous I/O --------------------------------------------------------------------- */

static __attribute__((noinline)) void park_nanosleep(void)
{
	PARK(nanosleep(&day, NULL));
}

static __attribute__((noinline)) void park_clock_nanosleep(void)
{
	struct timespec deadline = far(CLOCK_MONOTONIC);
	PARK(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, NULL));
}

static __attribute__((noinline)) void park_usleep(void)
{
	PARK(usleep(4000000000u));
}

static __attribute__((noinline)) void park_sleep(void)
{
	PARK(sleep(FAR_S));
}

static __attribute__((noinline)) void park_io_getevents(void)
{
	aio_context_t context = 0;
	struct io_event event;
	if (syscall(SYS_io_setup, 1, &context) != 0)
		skipped("no asynchronous I/O");
	on_memory((void *)context);
	PARK(syscall(SYS_io_getevents, context, 1, 1, &event, NULL));
}

static __attribute__((noinline)) void park_io_pgetevents(void)
{
	aio_context_t context = 0;
	struct io_event event;
	if (syscall(SYS_io_setup, 1, &context) != 0)
		skipped("no asynchronous I/O");
	on_memory((void *)context);
	PARK(syscall(SYS_io_pgetevents, context, 1, 1, &event, &day, NULL));
}

static __attribute__((noinline)) void park_io_uring(void)
{
	struct io_uring_params parameters = {0};
	int fd = (int)syscall(SYS_io_uring_setup, 1, &parameters);
	if (fd < 0)
		skipped("no io_uring");
	on_fd(fd);
	explained("io_uring");
	PARK(syscall(SYS_io_uring_enter, fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0));
}

/* --- what no wrapper sees --------------------------------------------------------------------------- */

static __attribute__((noinline)) void park_fgets(void)
{
	int ends[2];
	pipe_make(ends, false);
	on_pipe(ends, 0);
	FILE *file = fdopen(ends[0], "r");
	PARK(fgets(buffer, 100, file) == NULL);
}

static __attribute__((noinline)) void park_fread(void)
{
	int ends[2];
	pipe_make(ends, false);
	on_pipe(ends, 0);
	FILE *file = fdopen(ends[0], "r");
	PARK(fread(buffer, 1, 100, file));
}

static __attribute__((noinline)) void park_fwrite(void)
{
	int ends[2];
	pipe_make(ends, true);
	on_pipe(ends, 1);
	FILE *file = fdopen(ends[1], "w");
	PARK(fwrite(buffer, 1, sizeof buffer, file));
}

static FILE *locked_file;

static void *file_lock(void *unused)
{
	flockfile(locked_file);
	atomic_fetch_add(&initialising, 1);
	return stay(unused);
}

static __attribute__((noinline)) void park_stdio_lock(void)
{
	locked_file = fopen("/dev/null", "r");
	other_initialises(file_lock);
	strcpy(here->object, "0x[0-9a-f]+");
	PARK(fgetc(locked_file));
}

/* A resolver that hears and never answers. */
static void resolver_dead(void)
{
	struct sockaddr_in address = loopback();
	socklen_t bytes = sizeof address;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || bind(fd, (void *)&address, bytes) != 0 || res_init() != 0)
		die("resolver");
	getsockname(fd, (void *)&address, &bytes);
	_res.nscount = 1;
	_res.nsaddr_list[0] = address;
	_res.retrans = 1000;
	_res.retry = 1;
}

static __attribute__((noinline)) void park_getaddrinfo(void)
{
	struct addrinfo *found, hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
	resolver_dead();
	strcpy(here->object, "0x[0-9a-f]+");
	explained("1 fd: [0-9]+ udp 127.0.0.1:[0-9]+ -> 127.0.0.1:%d",
		ntohs(_res.nsaddr_list[0].sin_port));
	PARK(getaddrinfo("leakwatch.invalid", "80", &hints, &found));
}

/* Threads of libc's own take the name of whom they are made by. */
static void named(const char *name)
{
	prctl(PR_SET_NAME, name);
}

/* Looks up a name without a dot, for which the resolver reads a file of aliases first. */
static struct gaicb *gai_start(void)
{
	static char path[64];
	struct gaicb *request = calloc(1, sizeof *request);
	request->ar_name = "leakwatch";
	if (!path[0]) {
		fifo_make("aliases", path);
		setenv("HOSTALIASES", path, 1);
	}
	if (getaddrinfo_a(GAI_NOWAIT, &request, 1, NULL) != 0)
		die("getaddrinfo_a");
	return request;
}

static __attribute__((noinline)) void park_gai_suspend(void)
{
	named("gai_other");
	const struct gaicb *requests[] = {gai_start()};
	named("gai_suspend");
	strcpy(here->object, "0x[0-9a-f]+");
	PARK(gai_suspend(requests, 1, NULL));
}

static __attribute__((noinline)) void park_gai_helper(void)
{
	here->function = "-";
	gai_start();
	named("gai_maker");
	PARK(pause());
}

static struct aiocb *aio_start(int fd)
{
	struct aiocb *request = calloc(1, sizeof *request);
	request->aio_fildes = fd;
	request->aio_buf = buffer;
	request->aio_nbytes = 1;
	if (aio_read(request) != 0)
		die("aio_read");
	return request;
}

static __attribute__((noinline)) void park_aio_suspend(void)
{
	int ends[2];
	pipe_make(ends, false);
	named("aio_other");
	const struct aiocb *requests[] = {aio_start(ends[0])};
	named("aio_suspend");
	strcpy(here->object, "0x[0-9a-f]+");
	PARK(aio_suspend(requests, 1, NULL));
}

static __attribute__((noinline)) void park_aio_helper(void)
{
	int ends[2];
	pipe_make(ends, false);
	on_pipe(ends, 0);
	here->function = "-";
	aio_start(ends[0]);
	named("aio_maker");
	PARK(pause());
}

static __attribute__((noinline)) void park_lio_listio(void)
{
	int ends[2];
	pipe_make(ends, false);
	struct aiocb request = {.aio_fildes = ends[0],
		.aio_buf = buffer,
		.aio_nbytes = 1,
		.aio_lio_opcode = LIO_READ};
	struct aiocb *requests[] = {&request};
	strcpy(here->object, "0x[0-9a-f]+");
	PARK(lio_listio(LIO_WAIT, requests, 1, NULL));
}

static void expired(union sigval unused)
{
	(void)unused;
}

static __attribute__((noinline)) void park_timer_helper(void)
{
	timer_t timer;
	struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = expired};
	here->function = "-";
	timer_create(CLOCK_MONOTONIC, &event, &timer);
	named("timer_maker");
	PARK(pause());
}

static __attribute__((noinline)) void park_mq_helper(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = expired};
	mqd_t queue = mqueue_make(false);
	here->function = "-";
	strcpy(here->object, "fd:[0-9]+");
	explained("netlink");
	if (mq_notify(queue, &event) != 0)
		skipped("no notification by message queues");
	named("mq_maker");
	PARK(pause());
}

/* On a page of memory that another has to provide. */
static __attribute__((noinline)) void park_page_fault(void)
{
	struct uffdio_api api = {.api = UFFD_API};
	int fd = (int)syscall(SYS_userfaultfd, UFFD_USER_MODE_ONLY);
	volatile char *page =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffdio_register range = {
		.range = {(uintptr_t)page, 4096}, .mode = UFFDIO_REGISTER_MODE_MISSING};
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) != 0 || ioctl(fd, UFFDIO_REGISTER, &range) != 0)
		skipped("no userfaultfd");
	PARK(*page);
}

static void *own_stack(void)
{
	char *stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return stack + 65536;
}

static long raw(long number, long a, long b, long c)
{
	long result;
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return result;
}

/* Shares the thread pointer of whoever made it: it must not use libc. */
static int clone_run(void *unused)
{
	while (!unused)
		raw(SYS_pause, 0, 0, 0);
	return 0;
}

static __attribute__((noinline)) void park_raw_clone(void)
{
	here->function = "clone_run";
	if (clone(clone_run, own_stack(),
		    CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			    CLONE_SYSVSEM,
		    NULL) < 0)
		die("clone");
	named("clone_maker");
	PARK(pause());
}

static __attribute__((noinline)) void park_asm_read(void)
{
	int ends[2];
	pipe_make(ends, false);
	on_pipe(ends, 0);
	PARK(raw(SYS_read, ends[0], (long)buffer, 1));
}

static int handler_pipe[2];

static void handler(int number)
{
	(void)number;
	PARK(read(handler_pipe[0], buffer, 1));
}

static __attribute__((noinline)) void park_in_handler(void)
{
	signal(SIGUSR1, handler);
	pipe_make(handler_pipe, false);
	on_pipe(handler_pipe, 0);
	raise(SIGUSR1);
	for (;;)
		pause();
}

/* --- all of them ------------------------------------------------------------------------------------ */

static __attribute__((noinline)) void *worker(void *argument)
{
	here = argument;
	named(here->name);
	here->park();
	__asm__ volatile("");
	return NULL;
}

static void child_start(void)
{
	int ready[2];
	char byte;
	pipe_make(ready, false);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		struct flock lock = {.l_type = F_WRLCK, .l_len = 1};
		fcntl(file_open("locked"), F_SETLK, &lock);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	if (read(ready[0], &byte, 1) != 1)
		die("child");
	close(ready[0]);
	close(ready[1]);
}

static void slow_file_start(void)
{
	char path[64];
	snprintf(path, sizeof path, "%s/slow", directory);
	close(file_open("slow"));
	slow_file = slowfile_open(path, true);
}

static bool wanted(const struct spot *spot, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strcmp(*names, spot->name))
			return true;
	return false;
}

static void spot_start(struct spot *spot)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, worker, spot) != 0)
		die("pthread_create");
	/* One after the other: some name their helpers by naming themselves. */
	while (!atomic_load(&spot->placed))
		sched_yield();
}

static void spot_print(const struct spot *spot)
{
	if (spot->skipped[0])
		printf("skip\t%s\t%s\n", spot->name, spot->skipped);
	else
		printf("%s\t%s\t%d\t%s\t%s\t%s\n", spot->name, spot->wait, spot->timed,
			spot->object, spot->function, spot->detail);
}

static int file_remove(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	(void)status, (void)kind, (void)where;
	return remove(path);
}

/* At SIGTERM: what outlives a process is removed. */
static void clean_up(void)
{
	ending = true;
	for (int i = 0; i < system_v_count; i++)
		msgctl(system_v[i], IPC_RMID, NULL);
	for (int i = 0; i < set_count; i++)
		semctl(sets[i], 0, IPC_RMID);
	_exit(nftw(directory, file_remove, 8, FTW_DEPTH | FTW_PHYS) != 0);
}

static int list(void)
{
	for (size_t i = 0; i < COUNT; i++)
		puts(spots[i].name);
	return 0;
}

int main(int argc, char **argv)
{
	sigset_t set;
	int number;
	if (argc == 2 && !strcmp(argv[1], "--list"))
		return list();
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (!mkdtemp(directory))
		die(directory);
	child_start();
	slow_file_start();
	mutexes_hold();
	for (size_t i = 0; i < COUNT; i++)
		if (wanted(&spots[i], argv + 1))
			spot_start(&spots[i]);
	for (size_t i = 0; i < COUNT; i++)
		if (wanted(&spots[i], argv + 1))
			spot_print(&spots[i]);
	puts("ready");
	fflush(stdout);
	while (sigwait(&set, &number) != 0)
		;
	clean_up();
}
