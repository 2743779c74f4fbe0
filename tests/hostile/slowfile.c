/*
 * slowfile.c - a file of a file system that does not answer, not even to its being closed, is open before the first
 * thread. Whoever leaves the program's table of descriptors has to leave it, too; dumps are taken all the same.
 *
 * expect: [.groups[] | select(any(.stack[]; .function == "park"))] | length == 1 and .[0].wait == "read"
 */
#include "tests/hostile/hostile.h"
#include "tests/hosts/slowfile.h"

static int slow;
static volatile int tid;

static __attribute__((noinline)) void park(void)
{
	char byte;
	MUST(read(slow, &byte, 1) < 0);
}

static void *run(void *unused)
{
	tid = thread_id();
	park();
	return unused;
}

int main(void)
{
	pthread_t thread;
	int fd = open("slow", O_CREAT | O_RDWR, 0600);
	MUST(fd >= 0);
	close(fd);
	slow = slowfile_open("slow", 0);
	unlink("slow");
	if (slow < 0) {
		puts("no FUSE");
		return SKIP;
	}
	MUST(pthread_create(&thread, NULL, run, NULL) == 0);
	until_parked(&tid);
	dump_here();
	kill(slowfile_server, SIGKILL);
	MUST(pthread_join(thread, NULL) == 0);
	puts("given up");
	return 0;
}
