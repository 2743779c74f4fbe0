/*
 * closeall.c - daemons that close every descriptor, by close_range() and one by one, and open their own:
 * the numbers are those that they would have got, and nothing of the shim's is closed or left open.
 */
#include "tests/hostile/hostile.h"

static void *sleep_on(void *tid)
{
	*(volatile int *)tid = thread_id();
	pause();
	return NULL;
}

static void threads_make(void)
{
	static volatile int tids[3];
	for (int i = 0; i < 3; i++) {
		pthread_t thread;
		MUST(pthread_create(&thread, NULL, sleep_on, (void *)&tids[i]) == 0);
		until_parked(&tids[i]);
	}
}

/* The numbers that a program gets for files that it opens now. */
static void numbers_print(int out, const char *when)
{
	int first = open("/dev/null", O_RDWR), second = open("/dev/zero", O_RDONLY), pair[2];
	char bytes[4] = "x";
	MUST(read(second, bytes, sizeof bytes) == 4 && bytes[0] == 0);
	MUST(pipe(pair) == 0);
	dprintf(out, "%s: %d %d %d %d\n", when, first, second, pair[0], pair[1]);
	MUST(write(pair[1], "y", 1) == 1 && read(pair[0], bytes, 1) == 1);
	close(first), close(second), close(pair[0]), close(pair[1]);
}

static void close_all(int how)
{
	if (how == 0)
		close_range(3, ~0u, 0);
	else if (how == 1)
		closefrom(3);
	else
		for (int fd = 3; fd < 1024; fd++)
			close(fd);
}

/* A daemon that does not leave before its children's output is out. */
static void daemon_run(int how)
{
	threads_make();
	numbers_print(1, "before");
	close_all(how);
	numbers_print(1, "closed");
	pause_ms(120); /* dumps come meanwhile */
	close_all(how);
	numbers_print(1, "closed again");
	for (int i = 0; i < 2000; i++)
		numbers_print(dup2(1, 100 + i % 7), i ? "" : "many");
}

static void detached_run(int ends, int how)
{
	if (how == 0)
		MUST(daemon(1, 1) == 0);
	else if (fork() == 0) {
		setsid();
		if (fork() != 0)
			_exit(0);
	} else
		_exit(0);
	threads_make();
	close_all(how == 0);
	int out = open("/dev/null", O_WRONLY);
	dprintf(1, "daemon %d: %d\n", how, out);
	pause_ms(120);
	(void)ends;
	exit(0);
}

int main(void)
{
	threads_make();
	for (int how = 0; how < 3; how++) {
		pid_t child = fork();
		if (child == 0) {
			daemon_run(how);
			exit(how);
		}
		child_report("closing", child);
	}
	for (int how = 0; how < 2; how++) {
		int ends[2];
		char byte;
		MUST(pipe(ends) == 0);
		/* Descriptor 2 goes along, so that the end of the last process can be seen. */
		pid_t child = fork();
		if (child == 0) {
			dup2(ends[1], 2);
			close(ends[0]), close(ends[1]);
			detached_run(2, how);
		}
		close(ends[1]);
		child_report("parent", child);
		MUST(read(ends[0], &byte, 1) == 0);
		close(ends[0]);
	}
	return 0;
}
