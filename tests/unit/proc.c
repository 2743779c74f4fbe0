/*
 * proc.c - what the kernel says of threads that wait in every kind of system call, of one that runs, and of
 * one that is stopped outside of any.
 *
 * Not under the sanitizers: its raw threads end behind the sanitizer's back.
 */
#include "preload/proc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEADLINE_MS 10000

/* --- threads that wait ------------------------------------------------------------------------------------ */

static int pipe_ends[2], listener, epoll;
static struct pollfd polled;
static sem_t sem;

static void park_read(void)
{
	char byte;
	(void)!read(pipe_ends[0], &byte, 1);
}

static void park_recv(void)
{
	char byte;
	recv(listener, &byte, 1, 0);
}

static void park_poll(void)
{
	poll(&polled, 1, -1);
}

static void park_poll_for_an_hour(void)
{
	poll(&polled, 1, 3600000);
}

static void park_epoll(void)
{
	struct epoll_event event;
	epoll_wait(epoll, &event, 1, -1);
}

static void park_epoll_for_an_hour(void)
{
	struct epoll_event event;
	epoll_wait(epoll, &event, 1, 3600000);
}

static void park_sleep(void)
{
	struct timespec hour = {3600, 0};
	clock_nanosleep(CLOCK_MONOTONIC, 0, &hour, NULL);
}

static void park_sem(void)
{
	sem_wait(&sem);
}

static void park_sem_for_an_hour(void)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 3600;
	sem_timedwait(&sem, &until);
}

static void park_pause(void)
{
	pause();
}

static void park_child(void)
{
	waitpid(-1, NULL, 0);
}

/* object: a descriptor or an address; NULL where the kind has none that is compared. */
static const struct parking {
	const char *name;
	void (*park)(void);
	enum wait_kind kind;
	long call;
	int timed;
	const void *memory;
	const int *fd;
} parkings[] = {
	{"read", park_read, WAIT_READ, SYS_read, 0, NULL, &pipe_ends[0]},
	{"recv", park_recv, WAIT_RECV, SYS_recvfrom, 0, NULL, &listener},
	{"poll", park_poll, WAIT_POLL, SYS_poll, 0, &polled, NULL},
	{"poll, timed", park_poll_for_an_hour, WAIT_POLL, SYS_poll, 1, &polled, NULL},
	{"epoll", park_epoll, WAIT_EPOLL, SYS_epoll_wait, 0, NULL, &epoll},
	{"epoll, timed", park_epoll_for_an_hour, WAIT_EPOLL, SYS_epoll_wait, 1, NULL, &epoll},
	{"nanosleep", park_sleep, WAIT_SLEEP, SYS_clock_nanosleep, 1, NULL, NULL},
	{"futex", park_sem, WAIT_FUTEX, SYS_futex, 0, &sem, NULL},
	{"futex, timed", park_sem_for_an_hour, WAIT_FUTEX, SYS_futex, 1, &sem, NULL},
	{"pause", park_pause, WAIT_SIGNAL, SYS_pause, 0, NULL, NULL},
	{"child", park_child, WAIT_CHILD, SYS_wait4, 0, NULL, NULL},
};

static struct {
	_Atomic int tid;
	uintptr_t low, high; /* of its stack, around the call */
} parked;

static void *run_parking(void *argument)
{
	const struct parking *parking = argument;
	parked.high = (uintptr_t)__builtin_frame_address(0);
	parked.low = parked.high - 4096;
	parked.tid = gettid();
	parking->park();
	return NULL;
}

static bool is_parked_in(int tid, long call, struct proc_wait *wait)
{
	return proc_wait_read(tid, wait) == 0 && wait->kind != WAIT_RUNNING && wait->call == call;
}

static pthread_t park(const struct parking *parking, struct proc_wait *wait)
{
	pthread_t thread;
	parked.tid = 0;
	pthread_create(&thread, NULL, run_parking, (void *)parking);
	for (int ms = 0; ms < DEADLINE_MS; ms++) {
		if (parked.tid && is_parked_in(parked.tid, parking->call, wait))
			return thread;
		usleep(1000);
	}
	fail_msg("%s: not seen in system call %ld but in %ld", parking->name, parking->call,
		wait->call);
	return thread;
}

static void unpark(pthread_t thread)
{
	pthread_cancel(thread);
	pthread_join(thread, NULL);
}

static bool is_in_libc(uintptr_t address)
{
	Dl_info info;
	return dladdr((void *)address, &info) && strstr(info.dli_fname, "libc.so");
}

static void waits_are_told_by_their_call(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof parkings / sizeof *parkings; i++) {
		const struct parking *parking = &parkings[i];
		struct proc_wait wait, again;
		pthread_t thread = park(parking, &wait);
		print_message("# %s\n", parking->name);
		assert_int_equal(wait.kind, parking->kind);
		assert_int_equal(wait.timed, parking->timed);
		if (parking->memory)
			assert_int_equal(wait.object, (uintptr_t)parking->memory);
		if (parking->fd)
			assert_int_equal(wait.object, *parking->fd);
		assert_in_range(wait.sp, parked.low, parked.high);
		assert_true(is_in_libc(wait.pc));
		assert_int_equal(proc_wait_read(parked.tid, &again), 0);
		assert_true(proc_wait_same(&wait, &again));
		unpark(thread);
	}
}

static void another_wait_is_not_the_same(void **state)
{
	(void)state;
	struct proc_wait first, second;
	pthread_t thread = park(&parkings[2], &first);
	unpark(thread);
	thread = park(&parkings[3], &second);
	assert_false(proc_wait_same(&first, &second));
	unpark(thread);
	struct proc_wait moved = second;
	moved.sp += 8;
	assert_false(proc_wait_same(&moved, &second));
	moved = second;
	moved.arguments[5]++;
	assert_false(proc_wait_same(&moved, &second));
}

/* --- threads that do not wait ------------------------------------------------------------------------------ */

static _Atomic bool enough;

static void *spin(void *unused)
{
	parked.high = (uintptr_t)__builtin_frame_address(0);
	parked.low = parked.high - 4096;
	parked.tid = gettid();
	while (!enough)
		;
	return unused;
}

static pthread_t start_spinning(void)
{
	pthread_t thread;
	enough = false;
	parked.tid = 0;
	pthread_create(&thread, NULL, spin, NULL);
	while (!parked.tid)
		sched_yield();
	return thread;
}

static void a_running_thread_runs(void **state)
{
	(void)state;
	struct proc_wait wait;
	pthread_t thread = start_spinning();
	assert_int_equal(proc_wait_read(parked.tid, &wait), 0);
	assert_int_equal(wait.kind, WAIT_RUNNING);
	assert_int_equal(wait.timed, -1);
	enough = true;
	pthread_join(thread, NULL);
}

/* The third form, "-1 SP PC": a child stops one of our threads in the middle of its loop. */
static pid_t stop_from_a_child(int tid, int *go_on)
{
	int said[2], ends[2];
	char byte = 0;
	assert_int_equal(pipe(said), 0);
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		int status;
		close(ends[1]);
		(void)!read(ends[0], &byte, 1);
		bool stopped = ptrace(PTRACE_SEIZE, tid, 0, 0) == 0 &&
			       ptrace(PTRACE_INTERRUPT, tid, 0, 0) == 0 &&
			       waitpid(tid, &status, __WALL) == tid;
		byte = stopped ? 's' : 'n';
		(void)!write(said[1], &byte, 1);
		(void)!read(ends[0], &byte, 1);
		_exit(0); /* lets it go */
	}
	prctl(PR_SET_PTRACER, child);
	close(ends[0]);
	(void)!write(ends[1], "g", 1);
	assert_int_equal(read(said[0], &byte, 1), 1);
	close(said[0]);
	close(said[1]);
	*go_on = ends[1];
	if (byte == 's')
		return child;
	close(ends[1]);
	waitpid(child, NULL, 0);
	return -1;
}

static void a_thread_stopped_outside_of_a_call(void **state)
{
	(void)state;
	struct proc_wait wait;
	int go_on;
	pthread_t thread = start_spinning();
	pid_t child = stop_from_a_child(parked.tid, &go_on);
	if (child < 0) {
		print_message("# not tested: ptrace is not allowed\n");
	} else {
		assert_int_equal(proc_wait_read(parked.tid, &wait), 0);
		assert_int_equal(wait.call, -1);
		assert_int_equal(wait.kind, WAIT_STOPPED);
		assert_in_range(wait.sp, parked.low, parked.high + 8);
		assert_in_range(wait.pc, (uintptr_t)spin, (uintptr_t)spin + 256);
		assert_int_equal(wait.arguments[0], 0);
		close(go_on);
		waitpid(child, NULL, 0);
	}
	enough = true;
	pthread_join(thread, NULL);
}

static void a_thread_that_is_gone_is_an_error(void **state)
{
	(void)state;
	struct proc_wait wait;
	char name[SLOT_NAME_BYTES];
	pthread_t thread = start_spinning();
	int tid = parked.tid;
	enough = true;
	pthread_join(thread, NULL);
	for (int ms = 0; ms < DEADLINE_MS && proc_wait_read(tid, &wait) == 0; ms++)
		usleep(1000);
	assert_true(proc_wait_read(tid, &wait) < 0);
	assert_false(proc_name_read(tid, name));
	assert_true(proc_wait_read(0x3fffffff, &wait) < 0);
}

/* --- the list of threads ------------------------------------------------------------------------------------ */

enum { CROWD = 1200 }; /* more than one read of the directory returns */

static _Atomic int crowd_tids[CROWD];

static void *join_the_crowd(void *tid)
{
	*(_Atomic int *)tid = gettid();
	sem_wait(&sem);
	return NULL;
}

static int listed(const int *tids, long count, int tid)
{
	int found = 0;
	for (long i = 0; i < count; i++)
		found += tids[i] == tid;
	return found;
}

static void all_threads_are_listed(void **state)
{
	(void)state;
	static pthread_t threads[CROWD];
	static int tids[CROWD + 64];
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 64 << 10);
	for (int i = 0; i < CROWD; i++)
		assert_int_equal(pthread_create(&threads[i], &attributes, join_the_crowd,
					 (void *)&crowd_tids[i]),
			0);
	for (int i = 0; i < CROWD; i++)
		while (!crowd_tids[i])
			sched_yield();
	assert_int_equal(proc_threads(tids, CROWD + 64), CROWD + 1);
	assert_int_equal(proc_threads_count(), CROWD + 1);
	assert_int_equal(listed(tids, CROWD + 1, getpid()), 1);
	for (int i = 0; i < CROWD; i++)
		assert_int_equal(listed(tids, CROWD + 1, crowd_tids[i]), 1);
	/* Too little room: it says how much there would be, and writes no further. */
	tids[10] = -7;
	assert_int_equal(proc_threads(tids, 10), CROWD + 1);
	assert_int_equal(tids[10], -7);
	for (int i = 0; i < CROWD; i++)
		sem_post(&sem);
	for (int i = 0; i < CROWD; i++)
		pthread_join(threads[i], NULL);
	pthread_attr_destroy(&attributes);
}

/* --- names and the process ---------------------------------------------------------------------------------- */

static void names_are_read(void **state)
{
	(void)state;
	static const char *const names[] = {"x", "fifteen letters", "two words", "odd )\n%", ""};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char name[SLOT_NAME_BYTES];
		prctl(PR_SET_NAME, names[i]);
		assert_true(proc_name_read(getpid(), name));
		assert_string_equal(name, names[i]);
	}
}

static void the_process_is_itself(void **state)
{
	(void)state;
	struct proc_self self;
	char exe[1024] = {0}, line[1024], *at = NULL;
	/* A name that would lead astray who counts the fields of stat from its beginning. */
	prctl(PR_SET_NAME, ") R 1 (x) 2 3");
	proc_self_read(&self);
	assert_int_equal(self.pid, getpid());
	assert_string_equal(self.name, ") R 1 (x) 2 3");
	assert_true(readlink("/proc/self/exe", exe, sizeof exe - 1) > 0);
	assert_string_equal(self.exe, exe);
	FILE *file = fopen("/proc/self/stat", "r");
	assert_non_null(fgets(line, sizeof line, file));
	fclose(file);
	unsigned long long ticks = 0;
	at = strrchr(line, ')');
	assert_int_equal(sscanf(at,
				 ") %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s"
				 " %*s %*s %*s %*s %llu",
				 &ticks),
		1);
	assert_int_equal(self.start_ticks, ticks);
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	uint64_t now_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	assert_in_range(self.start_ns, now_ns - 600000000000, now_ns + 20000000);
	Dl_info info, own;
	assert_true(dladdr((void *)self.entry, &info) && dladdr((void *)proc_self_read, &own));
	assert_ptr_equal(info.dli_fbase, own.dli_fbase);
}

static int prepare(void **state)
{
	(void)state;
	int pair[2];
	sem_init(&sem, 0, 0);
	polled = (struct pollfd){.fd = -1};
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (pipe(pipe_ends) || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return -1;
	listener = pair[0];
	/* For the thread that waits for a child: one that does not end. */
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return proc_open() ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_are_told_by_their_call),
		cmocka_unit_test(another_wait_is_not_the_same),
		cmocka_unit_test(a_running_thread_runs),
		cmocka_unit_test(a_thread_stopped_outside_of_a_call),
		cmocka_unit_test(a_thread_that_is_gone_is_an_error),
		cmocka_unit_test(all_threads_are_listed),
		cmocka_unit_test(names_are_read),
		cmocka_unit_test(the_process_is_itself),
	};
	return cmocka_run_group_tests(tests, prepare, NULL);
}
