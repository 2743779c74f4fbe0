/*
 * hostile.h - what the programs of this folder share.
 *
 * Each program runs twice, without the shim and with it, under hostile.t: what it prints and how it ends
 * must be the same. So it prints nothing that differs from run to run. Lines of its comments that the
 * runner reads:
 *
 *	build: FLAGS		for the compiler; a file built with -shared is a part of others, not run
 *	variant: WORDS		run it with these preloads, in this order: SHIM, a library's name, or a
 *				file beside the program. May be repeated; without it, SHIM alone
 *	expect: EXPRESSION	of jq, true of the JSON report of the last dump that dump_here() asked for,
 *				or else of the last dump. May be repeated
 *	env: NAME=VALUE		for both runs
 *
 * One that cannot run here says why on one line and exits with SKIP.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SKIP	   77
#define DEADLINE_S 10

/* Ends the program where something that must work does not. */
#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			dprintf(2, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                 \
			_exit(99);                                                                 \
		}                                                                                  \
	} while (0)

static inline double seconds_now(void)
{
	struct timespec now;
	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static inline void pause_ms(long ms)
{
	struct timespec time = {ms / 1000, ms % 1000 * 1000000};
	syscall(SYS_nanosleep, &time, NULL);
}

static inline int thread_id(void)
{
	return (int)syscall(SYS_gettid);
}

/* Whether a thread of this process sleeps in the kernel. */
static inline int is_parked(int tid)
{
	char path[64], text[512] = "";
	snprintf(path, sizeof path, "/proc/self/task/%d/stat", tid);
	int fd = open(path, O_RDONLY);
	if (fd < 0)
		return 0;
	ssize_t bytes = read(fd, text, sizeof text - 1);
	close(fd);
	const char *end = bytes > 0 ? strrchr(text, ')') : NULL;
	return end && end[2] == 'S';
}

/* Waits until the thread whose id is stored at tid (0: not yet) sleeps. */
static inline void until_parked(const volatile int *tid)
{
	double end = seconds_now() + DEADLINE_S;
	while (!*tid || !is_parked(*tid)) {
		MUST(seconds_now() < end);
		pause_ms(1);
	}
}

/* How many threads the process has, but for the shim's. */
static inline int host_threads(void)
{
	char path[300], name[32];
	int count = 0;
	DIR *tasks = opendir("/proc/self/task");
	MUST(tasks);
	for (struct dirent *entry; (entry = readdir(tasks));) {
		snprintf(path, sizeof path, "/proc/self/task/%s/comm", entry->d_name);
		int fd = entry->d_name[0] == '.' ? -1 : open(path, O_RDONLY);
		if (fd < 0)
			continue;
		ssize_t bytes = read(fd, name, sizeof name);
		count += bytes > 0 && strncmp(name, "leakwatch\n", (size_t)bytes) != 0;
		close(fd);
	}
	closedir(tasks);
	return count;
}

static inline int shim_is_here(void)
{
	return getenv("LEAKWATCH_DIR") != NULL;
}

static inline int watcher_connect(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = ""};
	int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/%d.sock",
		getenv("LEAKWATCH_DIR"), (int)getpid());
	MUST(length < (int)sizeof address.sun_path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	MUST(fd >= 0);
	for (double end = seconds_now() + DEADLINE_S; seconds_now() < end; pause_ms(1))
		if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
			return fd;
	MUST(!"the watcher answers");
	return -1;
}

/* Has the watcher of this process take a dump, and waits for it. Nothing without the shim. */
static inline void dump_here(void)
{
	static const char request[] = "dump\n";
	char answer[4096];
	ssize_t bytes, total = 0;
	if (!shim_is_here())
		return;
	int fd = watcher_connect();
	MUST(write(fd, request, strlen(request)) == (ssize_t)strlen(request));
	while ((bytes = read(fd, answer, sizeof answer)) > 0 || (bytes < 0 && errno == EINTR))
		total += bytes > 0 ? bytes : 0;
	MUST(total > 100);
	close(fd);
}

/* The file beside this program. */
static inline const char *beside(const char *name)
{
	static char path[4096];
	ssize_t bytes = readlink("/proc/self/exe", path, sizeof path - 256);
	MUST(bytes > 0);
	path[bytes] = '\0';
	strcpy(strrchr(path, '/') + 1, name);
	return path;
}

/* Prints how a child ended. */
static inline void child_report(const char *name, pid_t child)
{
	int status;
	MUST(child > 0);
	while (waitpid(child, &status, 0) < 0)
		MUST(errno == EINTR);
	if (WIFEXITED(status))
		printf("%s: exit %d\n", name, WEXITSTATUS(status));
	else
		printf("%s: signal %d\n", name, WTERMSIG(status));
	fflush(stdout);
}

#endif
