/*
 * cancel.c - a thread in each kind of wait is cancelled: clean-up handlers run, once each, and a wait
 * after that is seen as any other.
 *
 * expect: [.groups[].stack[].function | select(. == "park_cond" or . == "park_sem" or . == "park_poll")] | unique | length == 3
 * expect: [.groups[].wait] | contains(["join", "read", "write", "recv", "send", "accept", "select", "epoll_wait", "nanosleep"])
 */
#include "tests/hostile/hostile.h"

#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/uio.h>
#include <threads.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static mtx_t lock11;
static cnd_t never11;
static sem_t nobody;
static int empty[2], full[2], pair[2], listener, epoll;
static pthread_t sleeper;
static pid_t other; /* holds a lock, and does not end */
static int locked, queue;
static mqd_t mqueue;
static const struct timespec hour = {3600, 0};

static struct timespec in_an_hour(clockid_t clock)
{
	struct timespec time;
	clock_gettime(clock, &time);
	time.tv_sec += 3600;
	return time;
}

static void unlock(void *unused)
{
	(void)unused;
	pthread_mutex_unlock(&lock);
}

static void park_cond(int kind)
{
	struct timespec real = in_an_hour(CLOCK_REALTIME), steady = in_an_hour(CLOCK_MONOTONIC);
	pthread_mutex_lock(&lock);
	pthread_cleanup_push(unlock, NULL);
	if (kind == 0)
		pthread_cond_wait(&never, &lock);
	else if (kind == 1)
		pthread_cond_timedwait(&never, &lock, &real);
	else
		pthread_cond_clockwait(&never, &lock, CLOCK_MONOTONIC, &steady);
	pthread_cleanup_pop(1);
}

static void park_cnd(int kind)
{
	struct timespec real = in_an_hour(CLOCK_REALTIME);
	mtx_lock(&lock11);
	pthread_cleanup_push((void (*)(void *))(void *)mtx_unlock, &lock11);
	if (kind == 3)
		cnd_wait(&never11, &lock11);
	else
		cnd_timedwait(&never11, &lock11, &real);
	pthread_cleanup_pop(1);
}

static void park_sem(int kind)
{
	struct timespec real = in_an_hour(CLOCK_REALTIME), steady = in_an_hour(CLOCK_MONOTONIC);
	if (kind == 5)
		sem_wait(&nobody);
	else if (kind == 6)
		sem_timedwait(&nobody, &real);
	else
		sem_clockwait(&nobody, CLOCK_MONOTONIC, &steady);
}

static void park_join(int kind)
{
	struct timespec real = in_an_hour(CLOCK_REALTIME), steady = in_an_hour(CLOCK_MONOTONIC);
	if (kind == 8)
		pthread_join(sleeper, NULL);
	else if (kind == 9)
		pthread_timedjoin_np(sleeper, NULL, &real);
	else
		pthread_clockjoin_np(sleeper, NULL, CLOCK_MONOTONIC, &steady);
}

static void park_fd(int kind)
{
	static char bytes[65536];
	char byte;
	struct iovec part = {&byte, 1}, parts = {bytes, sizeof bytes};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	switch (kind) {
	case 11:
		MUST(read(empty[0], &byte, 1) == 1);
		break;
	case 12:
		MUST(readv(empty[0], &part, 1) == 1);
		break;
	case 13:
		MUST(write(full[1], &byte, 1) == 1);
		break;
	case 14:
		MUST(writev(full[1], &parts, 1) == 1);
		break;
	case 15:
		recv(pair[0], &byte, 1, 0);
		break;
	case 16:
		recvfrom(pair[0], &byte, 1, 0, NULL, NULL);
		break;
	case 17:
		recvmsg(pair[0], &message, 0);
		break;
	case 18:
		send(pair[0], bytes, sizeof bytes, 0);
		break;
	case 19:
		sendmsg(pair[0], &message, 0);
		break;
	case 20:
		accept(listener, NULL, NULL);
		break;
	case 21:
		accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		break;
	}
}

static void park_poll(int kind)
{
	struct pollfd fd = {.fd = empty[0], .events = POLLIN};
	struct epoll_event event;
	fd_set set;
	FD_ZERO(&set);
	FD_SET(empty[0], &set);
	switch (kind) {
	case 22:
		poll(&fd, 1, -1);
		break;
	case 23:
		ppoll(&fd, 1, &hour, NULL);
		break;
	case 24:
		select(empty[0] + 1, &set, NULL, NULL, NULL);
		break;
	case 25:
		pselect(empty[0] + 1, &set, NULL, NULL, &hour, NULL);
		break;
	case 26:
		epoll_wait(epoll, &event, 1, -1);
		break;
	case 27:
		epoll_pwait(epoll, &event, 1, 3600000, NULL);
		break;
	case 28:
		epoll_pwait2(epoll, &event, 1, &hour, NULL);
		break;
	}
}

static void park_time(int kind)
{
	sigset_t none;
	sigemptyset(&none);
	switch (kind) {
	case 29:
		nanosleep(&hour, NULL);
		break;
	case 30:
		clock_nanosleep(CLOCK_MONOTONIC, 0, &hour, NULL);
		break;
	case 31:
		usleep(3600000000u);
		break;
	case 32:
		sleep(3600);
		break;
	case 33:
		thrd_sleep(&hour, NULL);
		break;
	case 34:
		pause();
		break;
	case 35:
		sigsuspend(&none);
		break;
	}
}

static void park_process(int kind)
{
	siginfo_t info;
	switch (kind) {
	case 36:
		wait(NULL);
		break;
	case 37:
		waitpid(other, NULL, 0);
		break;
	case 38:
		wait3(NULL, 0, NULL);
		break;
	case 39:
		wait4(other, NULL, 0, NULL);
		break;
	case 40:
		waitid(P_PID, (id_t)other, &info, WEXITED);
		break;
	case 41:
		system("kill -STOP $$");
		break;
	}
}

static void park_signal(int kind)
{
	sigset_t set;
	int number;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMAX);
	if (kind == 42)
		sigwait(&set, &number);
	else if (kind == 43)
		sigwaitinfo(&set, NULL);
	else
		sigtimedwait(&set, NULL, &hour);
}

static void park_queue(int kind)
{
	struct timespec real = in_an_hour(CLOCK_REALTIME);
	struct {
		long type;
		char text[8];
	} message = {1, ""};
	if (kind == 45)
		msgrcv(queue, &message, sizeof message.text, 1, 0);
	else if (kind == 46)
		mq_receive(mqueue, message.text, sizeof message.text, NULL);
	else
		mq_timedreceive(mqueue, message.text, sizeof message.text, NULL, &real);
}

static void park_file(int kind)
{
	struct flock byte_lock = {.l_type = F_WRLCK, .l_len = 1};
	char byte;
	struct iovec part = {&byte, 1};
	struct mmsghdr messages = {.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1}};
	switch (kind) {
	case 48:
		fcntl(locked, F_SETLKW, &byte_lock);
		break;
	case 49:
		lockf(locked, F_LOCK, 1);
		break;
	case 50:
		splice(empty[0], NULL, full[1], NULL, 1, 0);
		break;
	case 51:
		preadv2(empty[0], &part, 1, -1, 0);
		break;
	case 52:
		recvmmsg(pair[0], &messages, 1, 0, NULL);
		break;
	case 53:
		sendmmsg(pair[0], &messages, 1, 0);
		break;
	}
}

#define KINDS 54

static struct {
	pthread_t thread;
	volatile int tid;
	int cleaned;
} parked[KINDS];

static void clean(void *at)
{
	*(int *)at += 1;
	/* A wait in a clean-up handler: the cancelled one above must not be in its way. */
	struct timespec little = {0, 1000000};
	nanosleep(&little, NULL);
}

static void park(int kind)
{
	if (kind < 3)
		park_cond(kind);
	else if (kind < 5)
		park_cnd(kind);
	else if (kind < 8)
		park_sem(kind);
	else if (kind < 11)
		park_join(kind);
	else if (kind < 22)
		park_fd(kind);
	else if (kind < 29)
		park_poll(kind);
	else if (kind < 36)
		park_time(kind);
	else if (kind < 42)
		park_process(kind);
	else if (kind < 45)
		park_signal(kind);
	else if (kind < 48)
		park_queue(kind);
	else
		park_file(kind);
}

static void *run(void *argument)
{
	int kind = (int)(intptr_t)argument;
	pthread_cleanup_push(clean, &parked[kind].cleaned);
	parked[kind].tid = thread_id();
	for (;;)
		park(kind);
	pthread_cleanup_pop(0);
	return NULL;
}

static void *sleep_on(void *unused)
{
	for (;;)
		sem_wait(&nobody);
	return unused;
}

static void other_start(void)
{
	struct flock byte_lock = {.l_type = F_WRLCK, .l_len = 1};
	char path[] = "cancel.XXXXXX", byte;
	int ready[2];
	locked = mkstemp(path);
	MUST(locked >= 0 && pipe(ready) == 0);
	unlink(path);
	other = fork();
	if (other == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		MUST(fcntl(locked, F_SETLK, &byte_lock) == 0);
		MUST(write(ready[1], "", 1) == 1);
		for (;;)
			pause();
	}
	MUST(read(ready[0], &byte, 1) == 1);
	close(ready[0]);
	close(ready[1]);
}

static void queues_make(void)
{
	struct mq_attr attributes = {.mq_maxmsg = 1, .mq_msgsize = 8};
	char name[48];
	snprintf(name, sizeof name, "/leakwatch-cancel-%d", (int)getpid());
	mqueue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
	mq_unlink(name);
	queue = msgget(IPC_PRIVATE, 0600);
	MUST(mqueue >= 0 && queue >= 0);
}

static void objects_make(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char bytes[4096] = "";
	MUST(pipe(empty) == 0 && pipe(full) == 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	for (int i = 0; i < 2; i++) {
		int fd = i ? pair[0] : full[1];
		MUST(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
		while (write(fd, bytes, sizeof bytes) > 0)
			;
		while (write(fd, bytes, 1) > 0)
			;
		MUST(fcntl(fd, F_SETFL, 0) == 0);
	}
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	MUST(bind(listener, (struct sockaddr *)&address, sizeof(sa_family_t)) == 0);
	MUST(listen(listener, 8) == 0);
	epoll = epoll_create1(0);
	mtx_init(&lock11, mtx_plain);
	cnd_init(&never11);
	sem_init(&nobody, 0, 0);
}

int main(void)
{
	pthread_t joined;
	other_start();
	queues_make();
	objects_make();
	MUST(pthread_create(&sleeper, NULL, sleep_on, NULL) == 0);
	joined = sleeper;
	for (intptr_t kind = 0; kind < KINDS; kind++) {
		/* A thread may be joined by one other only. */
		if (kind == 9 || kind == 10)
			MUST(pthread_create(&sleeper, NULL, sleep_on, NULL) == 0);
		MUST(pthread_create(&parked[kind].thread, NULL, run, (void *)kind) == 0);
		until_parked(&parked[kind].tid);
	}
	dump_here();
	for (int kind = 0; kind < KINDS; kind++) {
		void *result;
		MUST(pthread_cancel(parked[kind].thread) == 0);
		MUST(pthread_join(parked[kind].thread, &result) == 0);
		printf("%d: cancelled %d, cleaned %d\n", kind, result == PTHREAD_CANCELED,
			parked[kind].cleaned);
	}
	msgctl(queue, IPC_RMID, NULL);
	kill(other, SIGKILL);
	MUST(pthread_cancel(joined) == 0 && pthread_join(joined, NULL) == 0);
	return 0;
}
