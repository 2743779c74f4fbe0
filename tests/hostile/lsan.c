/*
 * lsan.c - blocks that nothing points to any more are leaks, though the shim has seen their addresses: of what a thread
 * waited on, of what was posted. LeakSanitizer looks for them in all that it takes for roots,
 * the data of libraries among it.
 * build: -fsanitize=address -O1
 *
 * variant: libasan.so.8 SHIM
 * env: ASAN_OPTIONS=log_path=lsan
 */
#include "tests/hostile/hostile.h"

#include <sanitizer/lsan_interface.h>
#include <stdint.h>

static void *volatile kept;

static __attribute__((noinline)) void leak(int how)
{
	sem_t *sem = malloc(1000);
	struct timespec past = {0, 0};
	sem_init(sem, 0, 0);
	if (how == 0)
		MUST(sem_timedwait(sem, &past) < 0);
	if (how == 1)
		sem_post(sem);
	if (how == 2)
		kept = sem;
}

/* Over what leak() left on the stack. */
static __attribute__((noinline)) void wipe(void)
{
	volatile char room[1 << 18];
	for (size_t i = 0; i < sizeof room; i++)
		room[i] = 0;
}

int main(void)
{
	static const char *const ways[] = {"waited on", "posted", "kept"};
	for (int how = 0; how < 3; how++) {
		pid_t child = fork();
		if (child == 0) {
			leak(how);
			wipe();
			_exit(__lsan_do_recoverable_leak_check());
		}
		child_report(ways[how], child);
	}
	return 0;
}
