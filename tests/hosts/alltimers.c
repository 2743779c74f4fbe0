/*
 * alltimers.c - timers of every sort, each made by a function of its own, and what a report should say of them.
 *
 *	alltimers	makes them, prints "KIND FUNCTION PERIOD_NS NOTIFY SERVER OVERRUNS OBJECT" a line, separated by
 *			tabs, then "ready"; then the same of a forked child, with "child PID" in place of "ready"
 *
 * FUNCTION is the one that made it, "-" where the shim cannot see that. SERVER is "none", "any" or a tid. OVERRUNS is
 * the least that there are, -1 where that is not known. OBJECT is a regular expression. Both processes stay until they are killed.
 */
#include <fcntl.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define HOUR_NS 3600000000000
#define MAKES	static __attribute__((noinline)) void

static const struct itimerspec hourly = {{3600, 0}, {3600, 0}}, often = {{0, 100000}, {0, 100000}};

static struct line {
	const char *kind, *function;
	long period_ns;
	const char *notify;
	char server[16];
	int overruns;
	char object[32];
	bool inherited;
} lines[32];
static int line_count;

static void require(bool done, const char *what)
{
	if (done)
		return;
	perror(what);
	exit(1);
}

static void expect(const char *kind, const char *function, long period_ns, const char *notify,
	const char *server, int overruns, const char *object)
{
	struct line *line = &lines[line_count++];
	*line = (struct line){kind, function, period_ns, notify, "", overruns, "", false};
	snprintf(line->server, sizeof line->server, "%s", server);
	snprintf(line->object, sizeof line->object, "%s", object);
	line->inherited = strcmp(kind, "timerfd") == 0;
}

static void expect_fd(const char *function, int overruns, long period_ns, int fd)
{
	char object[32];
	snprintf(object, sizeof object, "fd:%d", fd);
	expect("timerfd", function, period_ns, "fd", "none", overruns, object);
}

/* --- POSIX timers ----------------------------------------------------------------------------------- */

static timer_t posix_make(struct sigevent *event, const struct itimerspec *value)
{
	timer_t timer;
	require(timer_create(CLOCK_MONOTONIC, event, &timer) == 0, "timer_create");
	require(timer_settime(timer, 0, value, NULL) == 0, "timer_settime");
	return timer;
}

MAKES make_signal(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	posix_make(&event, &hourly);
	expect("timer_create", __func__, HOUR_NS, "signal", "none", 0, "timer:[0-9]+");
}

/* Its signal waits for a hundred periods, then is taken once. */
MAKES make_overrun(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};
	sigset_t set;
	int number;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	posix_make(&event, &often);
	usleep(20000);
	sigwait(&set, &number);
	expect("timer_create", __func__, 100000, "signal", "none", 10, "timer:[0-9]+");
}

MAKES make_none(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_NONE};
	posix_make(&event, &hourly);
	expect("timer_create", __func__, HOUR_NS, "none", "none", 0, "timer:[0-9]+");
}

static void expired(union sigval unused)
{
	(void)unused;
}

MAKES make_thread(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = expired};
	posix_make(&event, &hourly);
	expect("timer_create", __func__, HOUR_NS, "thread", "any", 0, "timer:[0-9]+");
}

static _Atomic int server_tid;

static void *serve(void *unused)
{
	prctl(PR_SET_NAME, "server");
	server_tid = gettid();
	for (;;)
		pause();
	return unused;
}

MAKES make_thread_id(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
	pthread_t thread;
	char tid[16];
	require(pthread_create(&thread, NULL, serve, NULL) == 0, "pthread_create");
	while (!server_tid)
		usleep(100);
	event._sigev_un._tid = server_tid;
	posix_make(&event, &hourly);
	snprintf(tid, sizeof tid, "%d", server_tid);
	expect("timer_create", __func__, HOUR_NS, "thread_id", tid, 0, "timer:[0-9]+");
}

MAKES make_deleted(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_NONE};
	for (int i = 0; i < 5; i++)
		timer_delete(posix_make(&event, &hourly));
}

/* --- timerfds --------------------------------------------------------------------------------------- */

static int timerfd_make(const struct itimerspec *value)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	require(fd >= 0 && timerfd_settime(fd, 0, value, NULL) == 0, "timerfd");
	return fd;
}

MAKES make_timerfd(void)
{
	expect_fd(__func__, 0, HOUR_NS, timerfd_make(&hourly));
}

MAKES make_unread(void)
{
	expect_fd(__func__, -1, 100000, timerfd_make(&often));
	usleep(20000);
}

MAKES make_dup(void)
{
	int fd = timerfd_make(&hourly), copy = dup(fd);
	close(fd);
	expect_fd(__func__, 0, HOUR_NS, copy);
}

MAKES make_dup2(void)
{
	int fd = timerfd_make(&hourly), over = timerfd_make(&often);
	dup2(fd, over); /* which is gone by that */
	close(fd);
	expect_fd(__func__, 0, HOUR_NS, over);
}

MAKES make_dup3(void)
{
	int fd = timerfd_make(&hourly);
	dup3(fd, 30, O_CLOEXEC);
	close(fd);
	expect_fd(__func__, 0, HOUR_NS, 30);
}

/* Both of its descriptors are open: still one timer. */
MAKES make_fcntl(void)
{
	int fd = timerfd_make(&hourly);
	require(fcntl(fd, F_DUPFD, 31) == 31, "fcntl");
	expect("timerfd", __func__, HOUR_NS, "fd", "none", 0, "fd:[0-9]+");
}

MAKES make_closed(void)
{
	int fd = timerfd_make(&hourly), copy = dup(fd);
	close(fd);
	require(close_range((unsigned)copy, (unsigned)copy, 0) == 0, "close_range");
}

/* --- the rest --------------------------------------------------------------------------------------- */

MAKES make_itimer(void)
{
	const struct itimerval value = {{3600, 0}, {3600, 0}};
	require(setitimer(ITIMER_REAL, &value, NULL) == 0, "setitimer");
	expect("setitimer", __func__, HOUR_NS, "signal", "none", -1, "itimer:real");
}

MAKES make_unseen(void)
{
	const struct itimerval value = {{3600, 0}, {3600, 0}};
	struct sigevent event = {.sigev_notify = SIGEV_NONE};
	int id, fd = (int)syscall(SYS_timerfd_create, CLOCK_REALTIME, 0);
	require(syscall(SYS_setitimer, ITIMER_VIRTUAL, &value, NULL) == 0, "setitimer");
	require(syscall(SYS_timer_create, CLOCK_REALTIME, &event, &id) == 0, "timer_create");
	syscall(SYS_timer_settime, id, 0, &hourly, NULL);
	syscall(SYS_timerfd_settime, fd, 0, &hourly, NULL);
	expect("setitimer", "-", HOUR_NS, "signal", "none", -1, "itimer:virtual");
	expect("timer_create", "-", HOUR_NS, "none", "none", 0, "timer:[0-9]+");
	expect_fd("-", 0, HOUR_NS, fd);
}

static void print(bool inherited)
{
	for (int i = 0; i < line_count; i++) {
		const struct line *line = &lines[i];
		if (!inherited || line->inherited)
			printf("%s\t%s\t%ld\t%s\t%s\t%d\t%s\n", line->kind, line->function,
				line->period_ns, line->notify, line->server, line->overruns,
				line->object);
	}
}

/* A process of its own, with the timerfds and no others. */
static void child_run(pid_t parent)
{
	pthread_t thread;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	require(getppid() == parent, "fork");
	require(pthread_create(&thread, NULL, serve, NULL) == 0, "pthread_create");
	print(true);
	printf("child %d\n", getpid());
	fflush(stdout);
	for (;;)
		pause();
}

int main(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	make_signal();
	make_overrun();
	make_none();
	make_thread();
	make_thread_id();
	make_deleted();
	make_timerfd();
	make_unread();
	make_dup();
	make_dup2();
	make_dup3();
	make_fcntl();
	make_closed();
	make_itimer();
	make_unseen();
	print(false);
	puts("ready");
	fflush(stdout);
	pid_t parent = getpid();
	if (fork() == 0)
		child_run(parent);
	for (;;)
		pause();
}
