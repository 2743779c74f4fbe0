/*
 * held.c - locks of files and ends of pipes that a program has before its first thread: they are held as long as it
 * holds them, and no longer. The shim's thread begins with copies of the descriptors.
 */
#include "tests/hostile/hostile.h"

#include <sys/file.h>

static sem_t go;

static void *park(void *unused)
{
	sem_wait(&go);
	return unused;
}

static int file_open(const char *name)
{
	int fd = open(name, O_CREAT | O_RDWR, 0600);
	MUST(fd >= 0);
	return fd;
}

/* Whether another process finds the files locked. */
static void others_print(const char *when)
{
	fflush(stdout);
	pid_t child = fork();
	MUST(child >= 0);
	if (child == 0) {
		struct flock lock = {.l_type = F_WRLCK};
		int by_process = fcntl(file_open("process"), F_SETLK, &lock);
		int by_file = flock(file_open("flock"), LOCK_EX | LOCK_NB);
		int by_description = fcntl(file_open("description"), F_OFD_SETLK, &lock);
		dprintf(1, "%s: %d %d %d\n", when, by_process, by_file, by_description);
		_exit(0);
	}
	MUST(waitpid(child, NULL, 0) == child);
}

int main(void)
{
	struct flock lock = {.l_type = F_WRLCK};
	int process = file_open("process"), file = file_open("flock");
	int description = file_open("description"), ends[2];
	pthread_t thread;
	char byte;
	sem_init(&go, 0, 0);
	MUST(fcntl(process, F_SETLK, &lock) == 0 && flock(file, LOCK_EX) == 0);
	MUST(fcntl(description, F_OFD_SETLK, &lock) == 0 && pipe(ends) == 0);
	MUST(pthread_create(&thread, NULL, park, NULL) == 0);
	dump_here();
	others_print("held");
	close(ends[1]);
	printf("end of the pipe: %zd\n", read(ends[0], &byte, 1));
	close(process), close(file), close(description);
	others_print("closed");
	dump_here();
	sem_post(&go);
	MUST(pthread_join(thread, NULL) == 0);
	return 0;
}
