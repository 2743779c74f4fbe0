/*
 * fork_waits.c - forks while other threads wait, in signal handlers that interrupt waits, in a grandchild;
 * children that create threads have dumps of their own, with their own threads only.
 */
#include "tests/hostile/hostile.h"

static sem_t never, go;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static volatile int tids[4], handled;

static void *park(void *tid)
{
	*(volatile int *)tid = thread_id();
	pthread_mutex_lock(&lock);
	for (;;)
		pthread_cond_wait(&cond, &lock);
	return NULL;
}

static void on_signal(int number)
{
	(void)number;
	pid_t child = fork();
	if (child == 0)
		_exit(3);
	int status = 0;
	while (waitpid(child, &status, 0) < 0)
		;
	handled += WEXITSTATUS(status);
}

static void *wait_interrupted(void *tid)
{
	*(volatile int *)tid = thread_id();
	while (sem_wait(&go) < 0)
		;
	return NULL;
}

/* Goes on where the handler's fork left it: inside a wait that the parent entered. */
static void on_fork_and_stay(int number)
{
	(void)number;
	fork();
}

/* What a child must be able to do: threads, waits, joins, a dump of itself. */
static void child_work(int threads)
{
	pthread_t made[3];
	volatile int mine[3] = {0, 0, 0};
	pthread_mutex_init(&lock, NULL);
	pthread_cond_init(&cond, NULL);
	for (int i = 0; i < threads; i++) {
		MUST(pthread_create(&made[i], NULL, park, (void *)&mine[i]) == 0);
		until_parked(&mine[i]);
	}
	if (threads)
		dump_here();
	for (int i = 0; i < threads; i++)
		MUST(pthread_cancel(made[i]) == 0);
	pthread_mutex_unlock(&lock);
	printf("child with %d\n", threads);
	fflush(stdout);
}

int main(void)
{
	struct sigaction fork_there = {.sa_handler = on_signal},
			 stay = {.sa_handler = on_fork_and_stay};
	pthread_t thread;
	pid_t self = getpid();
	sem_init(&never, 0, 0);
	sem_init(&go, 0, 0);
	sigaction(SIGUSR1, &fork_there, NULL);
	sigaction(SIGUSR2, &stay, NULL);
	for (int i = 0; i < 3; i++) {
		MUST(pthread_create(&thread, NULL, park, (void *)&tids[i]) == 0);
		until_parked(&tids[i]);
	}
	MUST(pthread_create(&thread, NULL, wait_interrupted, (void *)&tids[3]) == 0);
	until_parked(&tids[3]);
	for (int i = 0; i < 20; i++) {
		int before = handled;
		pthread_kill(thread, SIGUSR1);
		while (handled == before)
			pause_ms(1);
		until_parked(&tids[3]);
	}
	printf("handled %d\n", handled);
	fflush(stdout);

	for (int i = 0; i < 12; i++) {
		pid_t child = fork();
		if (child == 0) {
			child_work(i % 4);
			if (i % 3 == 0) {
				pid_t grandchild = fork();
				if (grandchild == 0) {
					child_work(2);
					exit(5);
				}
				child_report("grandchild", grandchild);
			}
			exit(i);
		}
		child_report("child", child);
	}

	/* The main thread's own wait is interrupted by a fork; both copies go on waiting, and are woken. */
	struct timespec soon;
	clock_gettime(CLOCK_REALTIME, &soon);
	soon.tv_sec += 1;
	raise(SIGUSR2);
	int result = sem_timedwait(&never, &soon);
	MUST(result < 0 && errno == ETIMEDOUT);
	if (getpid() != self)
		exit(9);
	int status;
	pid_t child = wait(&status);
	printf("the copy: %d\n", child > 0 && WEXITSTATUS(status) == 9);
	sem_post(&go);
	pthread_join(thread, NULL);
	return 0;
}
