/*
 * storm.c - signals all the time, on normal and on alternate stacks, whose handlers wake, wait, read,
 * write, and fork children that end at once; while threads go in and out of waits. Nothing gets lost.
 */
#include "tests/hostile/hostile.h"

#include <poll.h>
#include <stdatomic.h>

#define THREADS 4
#define SIGNALS 3000

static atomic_int handled, forks, bad;
static sem_t posts;
static int pipes[2];
static volatile int stop;

static void on_signal(int number)
{
	int saved = errno, turn = atomic_fetch_add(&handled, 1);
	char byte = 'x';
	(void)number;
	sem_post(&posts);
	if (write(pipes[1], &byte, 1) != 1 || read(pipes[0], &byte, 1) != 1)
		atomic_fetch_add(&bad, 1);
	poll(NULL, 0, turn % 16 == 0);
	if (turn % 100 == 0) {
		pid_t child = fork();
		if (child == 0)
			_exit(turn % 7);
		int status = -1;
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
		if (!WIFEXITED(status) || WEXITSTATUS(status) != turn % 7)
			atomic_fetch_add(&bad, 1);
		atomic_fetch_add(&forks, 1);
	}
	errno = saved;
}

static void *work(void *unused)
{
	static _Thread_local char alternate[65536];
	stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
	struct timespec past = {0, 0};
	sem_t never;
	sem_init(&never, 0, 0);
	sigaltstack(&stack, NULL);
	while (!stop) {
		errno = 0;
		if (sem_timedwait(&never, &past) == 0 || (errno != ETIMEDOUT && errno != EINTR))
			atomic_fetch_add(&bad, 1);
		poll(NULL, 0, 1);
	}
	return unused;
}

int main(void)
{
	struct sigaction normal = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	struct sigaction other = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK | SA_NODEFER};
	pthread_t threads[THREADS];
	sigset_t both;
	sigaction(SIGUSR1, &normal, NULL);
	sigaction(SIGUSR2, &other, NULL);
	sem_init(&posts, 0, 0);
	MUST(pipe(pipes) == 0);
	for (int i = 0; i < THREADS; i++)
		MUST(pthread_create(&threads[i], NULL, work, NULL) == 0);
	sigemptyset(&both);
	sigaddset(&both, SIGUSR1);
	sigaddset(&both, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &both, NULL);
	double end = seconds_now() + 60;
	for (int i = 0; handled < SIGNALS; i++) {
		pthread_kill(threads[i % THREADS], i & 4 ? SIGUSR1 : SIGUSR2);
		if (i % 64 == 0)
			pause_ms(1);
		MUST(seconds_now() < end);
	}
	stop = 1;
	for (int i = 0; i < THREADS; i++)
		MUST(pthread_join(threads[i], NULL) == 0);
	int count = 0;
	while (sem_trywait(&posts) == 0)
		count++;
	printf("bad %d, posts as handled %d, forks %d\n", bad, count == handled, forks >= 30);
	return 0;
}
