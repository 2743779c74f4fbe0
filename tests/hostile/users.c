/*
 * users.c - a server that drops its rights after its threads are started: setgroups(), setgid(), setuid()
 * and back by seteuid(), which glibc does in every thread by a signal of its own; then a process that is
 * not dumpable, and whose /proc is not its own any more. Nothing hangs, and dumps go on.
 *
 * expect: [.groups[] | select(any(.stack[]; .function == "park"))] | length == 1 and .[0].count == 3
 */
#include "tests/hostile/hostile.h"

#include <grp.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>

static sem_t never;
static volatile int tids[3];

static __attribute__((noinline)) void park(void)
{
	for (;;)
		sem_wait(&never);
}

static void *run(void *tid)
{
	*(volatile int *)tid = thread_id();
	park();
	return NULL;
}

/* Every thread of the process, the shim's as well, has these ids. */
static void ids_print(void)
{
	char path[300], text[4096], *line;
	int threads = 0, right = 0;
	DIR *tasks = opendir("/proc/self/task");
	for (struct dirent *entry; tasks && (entry = readdir(tasks));) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "/proc/self/task/%s/status", entry->d_name);
		int fd = open(path, O_RDONLY);
		ssize_t bytes = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
		close(fd);
		text[bytes > 0 ? bytes : 0] = '\0';
		line = strstr(text, "\nUid:");
		threads++;
		right += line && (uid_t)atoi(line + 6) == getuid();
	}
	if (tasks)
		closedir(tasks);
	printf("uid %d euid %d gid %d, in every thread: %d\n", (int)getuid(), (int)geteuid(),
		(int)getgid(), threads == right);
}

int main(void)
{
	const gid_t groups[] = {65534};
	if (getuid() != 0) {
		puts("not root");
		return SKIP;
	}
	sem_init(&never, 0, 0);
	for (int i = 0; i < 3; i++) {
		pthread_t thread;
		MUST(pthread_create(&thread, NULL, run, (void *)&tids[i]) == 0);
		until_parked(&tids[i]);
	}
	for (int i = 0; i < 100; i++) {
		MUST(seteuid(65534) == 0);
		MUST(seteuid(0) == 0);
	}
	dump_here();
	ids_print();
	MUST(setgroups(1, groups) == 0 && setgid(65534) == 0 && setuid(65534) == 0);
	MUST(setuid(0) < 0);
	ids_print();
	pause_ms(200); /* dumps by interval go on */
	printf("dumpable: %d\n", prctl(PR_GET_DUMPABLE));
	prctl(PR_SET_DUMPABLE, 0);
	pause_ms(200);
	return 0;
}
