/*
 * frames.c - has a thread of each sort print the file that each frame of its stack lies in, innermost
 * first: "SORT PATH" a line. Then it parks a thread in a semaphore, prints "ready", and waits to be killed.
 */
#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <threads.h>
#include <unistd.h>

#define FRAMES 64

static void print_frames(const char *sort)
{
	void *frames[FRAMES];
	int count = backtrace(frames, FRAMES);
	for (int i = 0; i < count; i++) {
		Dl_info info;
		printf("%s %s\n", sort, dladdr(frames[i], &info) ? info.dli_fname : "nowhere");
	}
}

static void *posix_thread(void *sort)
{
	print_frames(sort);
	return NULL;
}

static int c11_thread(void *sort)
{
	print_frames(sort);
	return 0;
}

static void *park(void *sem)
{
	sem_wait(sem);
	return NULL;
}

int main(void)
{
	pthread_t posix;
	thrd_t c11;
	sem_t sem;
	sem_init(&sem, 0, 0);
	if (pthread_create(&posix, NULL, posix_thread, "posix") || pthread_join(posix, NULL) ||
		thrd_create(&c11, c11_thread, "c11") || thrd_join(c11, NULL) ||
		pthread_create(&posix, NULL, park, &sem))
		return 1;
	puts("ready");
	fflush(stdout);
	pause();
	return 0;
}
