/*
 * results.c - as errnos.c, for the other wrapped calls: what they return, what they leave in errno and in the memory
 * they were given, once as they succeed and once as they fail.
 */
#include "tests/hostile/hostile.h"

#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <threads.h>

#define SHOW_AS(text, value)                                                                       \
	do {                                                                                       \
		errno = 4711;                                                                      \
		long result_ = (long)(value);                                                      \
		printf("%s = %ld, errno %d\n", text, result_, errno);                              \
	} while (0)
#define SHOW(call) SHOW_AS(#call, call)
/* Of results that differ from run to run. */
#define SHOW_GOOD(call) SHOW_AS(#call " > 0", (call) > 0)

/* What fortified programs call. */
ssize_t __read_chk(int fd, void *to, size_t bytes, size_t room);
ssize_t __pread_chk(int fd, void *to, size_t bytes, off_t at, size_t room);
ssize_t __recv_chk(int fd, void *to, size_t bytes, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *restrict to, size_t bytes, size_t room, int flags,
	struct sockaddr *restrict address, socklen_t *restrict length);
int __poll_chk(struct pollfd *fds, nfds_t count, int limit, size_t room);
int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *limit, const sigset_t *set,
	size_t room);

static const struct timespec past = {1, 0}, zero = {0, 0};
static struct timespec soon;
static sem_t posted;

/* --- threads ---------------------------------------------------------------------------------------- */

static void *give(void *argument)
{
	return argument;
}

static void *give_by_exit(void *argument)
{
	pthread_exit(argument);
}

static int give_by_exit11(void *unused)
{
	(void)unused;
	thrd_exit(5);
}

static void *wait_for_post(void *argument)
{
	sem_wait(&posted);
	return argument;
}

static void show_threads(void)
{
	pthread_t thread;
	thrd_t thread11;
	void *result = NULL;
	int result11 = 0;
	MUST(pthread_create(&thread, NULL, wait_for_post, (void *)7) == 0);
	SHOW(pthread_timedjoin_np(thread, &result, &past));
	SHOW(pthread_clockjoin_np(thread, &result, CLOCK_MONOTONIC, &past));
	sem_post(&posted);
	SHOW(pthread_timedjoin_np(thread, &result, &soon));
	printf("%ld\n", (long)result);
	MUST(pthread_create(&thread, NULL, give, (void *)8) == 0);
	SHOW(pthread_clockjoin_np(thread, &result, CLOCK_REALTIME, &soon));
	printf("%ld\n", (long)result);
	MUST(pthread_create(&thread, NULL, give_by_exit, (void *)9) == 0);
	SHOW(pthread_join(thread, &result));
	printf("%ld\n", (long)result);
	MUST(thrd_create(&thread11, give_by_exit11, NULL) == thrd_success);
	SHOW(thrd_join(thread11, &result11));
	printf("%d\n", result11);
	MUST(thrd_create(&thread11, give_by_exit11, NULL) == thrd_success);
	SHOW(thrd_detach(thread11));
}

/* --- synchronisation -------------------------------------------------------------------------------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond;
static mtx_t lock11;
static cnd_t cond11;
static int woken, woken11, initialised;

static void *wake(void *unused)
{
	pthread_mutex_lock(&lock);
	woken = 1;
	SHOW(pthread_cond_signal(&cond));
	pthread_mutex_unlock(&lock);
	mtx_lock(&lock11);
	woken11 = 1;
	SHOW(cnd_signal(&cond11));
	mtx_unlock(&lock11);
	return unused;
}

static void initialise(void)
{
	initialised++;
}

/* The waker cannot have the lock before the waiter waits. */
static void show_conditions(void)
{
	pthread_t thread;
	SHOW(pthread_cond_init(&cond, NULL));
	SHOW(cnd_init(&cond11));
	SHOW(mtx_init(&lock11, mtx_timed));
	SHOW(mtx_lock(&lock11));
	pthread_mutex_lock(&lock);
	MUST(pthread_create(&thread, NULL, wake, NULL) == 0);
	while (!woken)
		SHOW(pthread_cond_wait(&cond, &lock));
	pthread_mutex_unlock(&lock);
	while (!woken11)
		SHOW(cnd_wait(&cond11, &lock11));
	pthread_join(thread, NULL);
	SHOW(cnd_timedwait(&cond11, &lock11, &past));
	SHOW(cnd_broadcast(&cond11));
	mtx_unlock(&lock11);
	SHOW(mtx_timedlock(&lock11, &past));
	SHOW(mtx_timedlock(&lock11, &past));
	SHOW(pthread_cond_destroy(&cond));
	SHOW_AS("cnd_destroy", (cnd_destroy(&cond11), 0));
}

static void show_locks(void)
{
	static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	static once_flag flag = ONCE_FLAG_INIT;
	sem_t sem;
	SHOW(pthread_rwlock_timedwrlock(&rwlock, &past));
	SHOW(pthread_rwlock_clockrdlock(&rwlock, CLOCK_MONOTONIC, &past));
	SHOW(pthread_rwlock_unlock(&rwlock));
	SHOW(pthread_rwlock_rdlock(&rwlock));
	SHOW(pthread_rwlock_clockwrlock(&rwlock, CLOCK_MONOTONIC, &past));
	SHOW(pthread_rwlock_timedwrlock(&rwlock, &past));
	SHOW(pthread_once(&once, initialise));
	SHOW(pthread_once(&once, initialise));
	SHOW_AS("call_once", (call_once(&flag, initialise), initialised));
	SHOW(sem_init(&sem, 0, 1));
	SHOW(sem_trywait(&sem));
	SHOW(sem_trywait(&sem));
	SHOW(sem_destroy(&sem));
}

/* --- descriptors ------------------------------------------------------------------------------------ */

static void show_bytes(const char *bytes)
{
	printf("%.8s\n", bytes);
}

static void show_sockets(void)
{
	char bytes[8] = "abcdefg";
	struct iovec part = {bytes, 4};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	struct mmsghdr messages = {.msg_hdr = message};
	struct sockaddr_storage address;
	socklen_t length = sizeof address;
	int pair[2], listener = socket(AF_UNIX, SOCK_STREAM, 0);
	SHOW(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	SHOW(socketpair(-1, SOCK_DGRAM, 0, pair));
	SHOW(sendto(pair[0], bytes, 7, 0, NULL, 0));
	SHOW(sendmsg(pair[0], &message, 0));
	SHOW(sendmmsg(pair[0], &messages, 1, 0));
	SHOW(send(pair[0], "xy", 2, 0));
	memset(bytes, 0, sizeof bytes);
	SHOW(recvfrom(pair[1], bytes, 8, 0, (struct sockaddr *)&address, &length));
	show_bytes(bytes);
	SHOW(recvmsg(pair[1], &message, 0));
	SHOW(recvmmsg(pair[1], &messages, 1, 0, NULL));
	printf("%u\n", messages.msg_len);
	SHOW(__recv_chk(pair[1], bytes, 8, 8, 0));
	show_bytes(bytes);
	SHOW(__recvfrom_chk(pair[1], bytes, 8, 8, MSG_DONTWAIT, NULL, NULL));
	SHOW(recvfrom(pair[1], bytes, 8, MSG_DONTWAIT, NULL, NULL));
	SHOW(recvmsg(-1, &message, 0));
	SHOW(recvmmsg(-1, &messages, 1, 0, NULL));
	SHOW(sendto(-1, bytes, 1, 0, NULL, 0));
	SHOW(sendmsg(-1, &message, 0));
	SHOW(sendmmsg(-1, &messages, 1, 0));
	SHOW(accept4(listener, NULL, NULL, 0));
	SHOW(accept4(-1, NULL, NULL, 0));
	close(pair[0]), close(pair[1]), close(listener);
}

static void show_readiness(void)
{
	struct pollfd fd = {.fd = 0, .events = 0};
	struct epoll_event event;
	int epoll = epoll_create1(0);
	fd_set set;
	FD_ZERO(&set);
	SHOW(__poll_chk(&fd, 1, 0, sizeof fd));
	SHOW(__ppoll_chk(&fd, 1, &zero, NULL, sizeof fd));
	SHOW(pselect(0, &set, NULL, NULL, &zero, NULL));
	SHOW(pselect(-1, NULL, NULL, NULL, &zero, NULL));
	SHOW(epoll_pwait(epoll, &event, 1, 1, NULL));
	SHOW(epoll_pwait(-1, &event, 1, 1, NULL));
	SHOW(epoll_pwait2(epoll, &event, 1, &zero, NULL));
	SHOW(epoll_pwait2(epoll, &event, 0, &zero, NULL));
	close(epoll);
}

static void show_files(void)
{
	char bytes[8] = "abcdefg", path[] = "results.XXXXXX";
	struct iovec part = {bytes, 4};
	int file = mkstemp(path), other = open(path, O_RDWR);
	struct flock region = {.l_type = F_WRLCK, .l_len = 1};
	off_t at = 0;
	unlink(path);
	SHOW(pwrite(file, "01234567", 8, 4));
	SHOW(pwritev(file, &part, 1, 0));
	SHOW(pwritev2(file, &part, 1, 12, 0));
	SHOW(pread(file, bytes, 7, 2));
	show_bytes(bytes);
	SHOW(__pread_chk(file, bytes, 7, 5, sizeof bytes));
	show_bytes(bytes);
	SHOW(preadv(file, &part, 1, 0));
	SHOW(preadv2(file, &part, 1, 12, 0));
	show_bytes(bytes);
	SHOW(__read_chk(file, bytes, 7, sizeof bytes));
	show_bytes(bytes);
	SHOW(pread(file, bytes, 1, -1));
	SHOW(pwrite(-1, bytes, 1, 0));
	SHOW(preadv(-1, &part, 1, 0));
	SHOW(pwritev(-1, &part, 1, 0));
	SHOW(preadv2(file, &part, 1, 0, 1 << 20));
	SHOW(pwritev2(-1, &part, 1, 0, 0));
	SHOW(copy_file_range(file, &at, file, &(off_t){100}, 8, 0));
	printf("%ld\n", (long)at);
	SHOW(copy_file_range(-1, NULL, file, NULL, 1, 0));
	SHOW(flock(file, LOCK_EX));
	SHOW(flock(other, LOCK_EX | LOCK_NB));
	SHOW(lockf(file, F_LOCK, 1));
	SHOW(lockf(-1, F_LOCK, 1));
	SHOW(fcntl(file, F_SETLKW, &region));
	SHOW(fcntl(other, F_OFD_SETLK, &region));
	SHOW(fcntl(file, F_GETFL) & O_ACCMODE);
	SHOW(fcntl(file, 4711));
	SHOW(fcntl(-1, F_SETLKW, &region));
	close(file), close(other);
}

static void show_pipes(void)
{
	char bytes[8] = "abcdefg";
	struct iovec part = {bytes, 4};
	int from[2], to[2], wrong[2] = {-1, -1}, file = open("/proc/self/exe", O_RDONLY);
	off_t at = 0;
	SHOW(pipe2(from, O_CLOEXEC));
	SHOW(pipe2(wrong, -1));
	MUST(pipe(to) == 0);
	printf("%d %d %d %d\n", from[0], from[1], to[0], to[1]);
	SHOW(vmsplice(from[1], &part, 1, 0));
	SHOW(tee(from[0], to[1], 8, 0));
	SHOW(splice(from[0], NULL, to[1], NULL, 8, 0));
	SHOW(read(to[0], bytes, 8));
	show_bytes(bytes);
	SHOW(sendfile(to[1], file, &at, 8));
	printf("%ld\n", (long)at);
	SHOW(vmsplice(-1, &part, 1, 0));
	SHOW(tee(from[0], to[1], 8, SPLICE_F_NONBLOCK));
	SHOW(splice(from[0], NULL, to[1], NULL, 8, SPLICE_F_NONBLOCK));
	SHOW(sendfile(-1, file, NULL, 8));
	SHOW(eventfd(3, EFD_NONBLOCK));
	SHOW(eventfd(3, -1));
	SHOW(eventfd_write(-1, 1));
	SHOW(dup(file));
	SHOW(dup(-1));
	SHOW(dup2(file, 50));
	SHOW(dup2(-1, 50));
	SHOW(dup3(file, 51, O_CLOEXEC));
	SHOW(dup3(file, file, 0));
	close(file), close(50), close(51);
}

/* --- children, signals, queues ---------------------------------------------------------------------- */

static pid_t child_make(int status)
{
	pid_t child = fork();
	if (child == 0)
		_exit(status);
	MUST(child > 0);
	return child;
}

static void show_children(void)
{
	int status = 0;
	struct rusage usage = {0};
	siginfo_t info = {0};
	pid_t child;
	fflush(stdout);
	child_make(1);
	SHOW_GOOD(wait(&status));
	child = child_make(2);
	SHOW_GOOD(waitpid(child, &status, 0));
	printf("%d\n", WEXITSTATUS(status));
	child_make(3);
	SHOW_GOOD(wait3(&status, 0, &usage));
	printf("%d %d\n", WEXITSTATUS(status), usage.ru_maxrss > 0);
	child = child_make(4);
	SHOW_GOOD(wait4(child, &status, 0, &usage));
	child = child_make(5);
	SHOW(waitid(P_PID, (id_t)child, &info, WEXITED));
	printf("%d %d\n", info.si_status, info.si_pid == child);
	SHOW(wait(&status));
	SHOW(waitpid(child, &status, WNOHANG));
	SHOW(wait3(&status, 0, NULL));
	SHOW(wait4(child, &status, 0, NULL));
	SHOW(waitid(P_ALL, 0, &info, 0));
}

static void ignore(int number)
{
	(void)number;
}

static void show_signals(void)
{
	sigset_t set, none;
	siginfo_t info;
	int number = 0;
	struct itimerval little = {{0, 0}, {0, 20000}};
	sigemptyset(&none);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	signal(SIGUSR1, ignore);
	signal(SIGALRM, ignore);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR1);
	SHOW(sigwait(&set, &number));
	printf("%d\n", number == SIGUSR1);
	raise(SIGUSR1);
	SHOW(sigwaitinfo(&set, &info));
	printf("%d\n", info.si_pid == getpid());
	raise(SIGUSR1);
	SHOW(sigtimedwait(&set, NULL, &zero));
	SHOW(sigtimedwait(&set, NULL, &zero));
	raise(SIGUSR1);
	SHOW(sigsuspend(&none));
	setitimer(ITIMER_REAL, &little, NULL);
	SHOW(pause());
}

static void show_system_v(void)
{
	struct {
		long type;
		char text[8];
	} message = {3, "queued"};
	struct sembuf take = {0, -1, IPC_NOWAIT}, put = {0, 1, 0};
	int queue = msgget(IPC_PRIVATE, 0600), set = semget(IPC_PRIVATE, 1, 0600);
	SHOW(msgsnd(queue, &message, 7, 0));
	SHOW(msgrcv(queue, &message, 8, 0, 0));
	show_bytes(message.text);
	SHOW(msgrcv(queue, &message, 8, 0, IPC_NOWAIT));
	SHOW(msgsnd(-1, &message, 7, 0));
	SHOW(semop(set, &put, 1));
	SHOW(semtimedop(set, &take, 1, &zero));
	SHOW(semop(set, &take, 1));
	take.sem_flg = 0;
	SHOW(semtimedop(set, &take, 1, &zero));
	msgctl(queue, IPC_RMID, NULL);
	semctl(set, 0, IPC_RMID);
}

static void show_mqueue(void)
{
	struct mq_attr attributes = {.mq_maxmsg = 1, .mq_msgsize = 8};
	char name[48], text[8];
	unsigned priority = 0;
	snprintf(name, sizeof name, "/leakwatch-results-%d", (int)getpid());
	mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
	mq_unlink(name);
	SHOW(mq_send(queue, "message", 8, 3));
	SHOW(mq_timedsend(queue, "message", 8, 3, &past));
	SHOW(mq_receive(queue, text, sizeof text, &priority));
	printf("%s %u\n", text, priority);
	SHOW(mq_timedsend(queue, "another", 8, 4, &past));
	SHOW(mq_timedreceive(queue, text, sizeof text, &priority, &past));
	printf("%s %u\n", text, priority);
	SHOW(mq_timedreceive(queue, text, sizeof text, NULL, &past));
	SHOW(mq_receive(-1, text, sizeof text, NULL));
	SHOW(mq_send(queue, text, 9, 0));
	mq_close(queue);
}

int main(void)
{
	clock_gettime(CLOCK_REALTIME, &soon);
	soon.tv_sec += DEADLINE_S;
	sem_init(&posted, 0, 0);
	show_threads();
	show_conditions();
	show_locks();
	show_sockets();
	show_readiness();
	show_files();
	show_pipes();
	show_children();
	show_signals();
	show_system_v();
	show_mqueue();
	return 0;
}
