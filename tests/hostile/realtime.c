/*
 * realtime.c - a program that creates its threads from one of real-time priority, pinned to a processor,
 * with all memory locked, now and in future: the shim's threads run with the priority and on the
 * processors that the process was started with, and its memory is not locked.
 */
#include "tests/hostile/hostile.h"

#include <sched.h>
#include <sys/mman.h>

static sem_t never;

static void *park(void *unused)
{
	for (;;)
		sem_wait(&never);
	return unused;
}

static long locked_kib(void)
{
	char text[4096] = "";
	int fd = open("/proc/self/status", O_RDONLY);
	MUST(fd >= 0 && read(fd, text, sizeof text - 1) > 0);
	close(fd);
	return atol(strstr(text, "VmLck:") + 6);
}

/* Threads of ours that are of real-time priority or pinned. */
static int special(const cpu_set_t *all)
{
	char path[300], name[32];
	int count = 0;
	DIR *tasks = opendir("/proc/self/task");
	MUST(tasks);
	for (struct dirent *entry; (entry = readdir(tasks));) {
		cpu_set_t set;
		snprintf(path, sizeof path, "/proc/self/task/%s/comm", entry->d_name);
		int fd = open(path, O_RDONLY), tid = atoi(entry->d_name);
		ssize_t bytes = fd < 0 ? 0 : read(fd, name, sizeof name);
		if (fd >= 0)
			close(fd);
		if (bytes < 9 || strncmp(name, "leakwatch", 9) != 0)
			continue;
		sched_getaffinity(tid, sizeof set, &set);
		count += sched_getscheduler(tid) != SCHED_OTHER || !CPU_EQUAL(all, &set);
	}
	closedir(tasks);
	return count;
}

int main(void)
{
	struct sched_param high = {.sched_priority = 10}, plain = {.sched_priority = 0};
	pthread_attr_t small;
	pthread_t thread;
	cpu_set_t all, one;
	MUST(sched_getaffinity(0, sizeof all, &all) == 0);
	if (sched_setscheduler(0, SCHED_FIFO, &high) < 0) {
		puts("no real-time priority here");
		return SKIP;
	}
	CPU_ZERO(&one);
	for (int i = 0; i < CPU_SETSIZE && !CPU_COUNT(&one); i++)
		if (CPU_ISSET(i, &all))
			CPU_SET(i, &one);
	MUST(sched_setaffinity(0, sizeof one, &one) == 0);
	MUST(mlockall(MCL_CURRENT | MCL_FUTURE) == 0);
	long before = locked_kib();
	sem_init(&never, 0, 0);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	for (int i = 0; i < 4; i++)
		MUST(pthread_create(&thread, &small, park, NULL) == 0);
	dump_here();
	MUST(sched_setscheduler(0, SCHED_OTHER, &plain) == 0);
	printf("special %d, much locked %d\n", special(&all), locked_kib() - before > 2048);
	return 0;
}
