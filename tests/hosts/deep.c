/*
 * deep.c - threads whose stacks are hard to follow: 200 frames, alloca, aligned and large locals, handlers of signals, on the
 * thread's own and on another stack, that interrupt a call or a loop; each of them waiting in a function that a wrapper sees,
 * in one that none sees, and by a system call of the program's own. Prints "ready" when all wait.
 *
 * tests/runs/stacks.t builds it in several ways and compares with gdb.
 */
#include <alloca.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))
#define KEEP(x)	 __asm__ volatile("" : : "r"(x) : "memory")

/* --- ways to wait ----------------------------------------------------------------------------------- */

static int ends[2];
static _Atomic int waiting;

static NOINLINE void wait_cond(void)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
	pthread_mutex_lock(&mutex);
	waiting++;
	for (;;)
		pthread_cond_wait(&cond, &mutex);
}

static NOINLINE void wait_futex(void)
{
	static int word;
	waiting++;
	for (;;)
		syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

/* Inside libc, where no wrapper is. */
static NOINLINE void wait_stdio(void)
{
	char line[8];
	FILE *file = fdopen(dup(ends[0]), "r");
	waiting++;
	while (fgets(line, sizeof line, file))
		;
}

static NOINLINE void wait_asm(void)
{
	char byte;
	long result;
	waiting++;
	do {
		__asm__ volatile("syscall"
				 : "=a"(result)
				 : "a"(SYS_read), "D"(ends[0]), "S"(&byte), "d"(1)
				 : "rcx", "r11", "memory");
	} while (result);
}

typedef void wait_way(void);
static wait_way *const ways[] = {wait_cond, wait_futex, wait_stdio, wait_asm};

/* --- shapes of stacks ------------------------------------------------------------------------------- */

static NOINLINE int shape_plain(wait_way *way)
{
	way();
	KEEP(way);
	return 1;
}

static NOINLINE int descend(wait_way *way, int depth)
{
	if (!depth)
		way();
	else
		KEEP(descend(way, depth - 1));
	return depth + 1;
}

static NOINLINE int shape_deep(wait_way *way)
{
	int depth = descend(way, 200);
	KEEP(depth);
	return depth + 1;
}

static NOINLINE int descend_alloca(wait_way *way, int depth)
{
	char *block = alloca((size_t)depth * 24 + 8);
	KEEP(block);
	if (!depth)
		way();
	else
		KEEP(descend_alloca(way, depth - 1));
	return block[0];
}

static NOINLINE int shape_alloca(wait_way *way)
{
	int sum = descend_alloca(way, 20);
	KEEP(sum);
	return sum + 1;
}

static NOINLINE int descend_aligned(wait_way *way, int depth)
{
	_Alignas(128) char block[128];
	KEEP(block);
	if (!depth)
		way();
	else
		KEEP(descend_aligned(way, depth - 1));
	return block[0];
}

static NOINLINE int shape_aligned(wait_way *way)
{
	int sum = descend_aligned(way, 10);
	KEEP(sum);
	return sum + 1;
}

/* Beyond what is copied of a stack at first, and than most would look for a frame pointer. */
static NOINLINE int descend_large(wait_way *way, int depth)
{
	char block[24000];
	KEEP(block);
	if (!depth)
		way();
	else
		KEEP(descend_large(way, depth - 1));
	return block[depth];
}

static NOINLINE int shape_large(wait_way *way)
{
	int sum = descend_large(way, 8);
	KEEP(sum);
	return sum + 1;
}

/* A call through a pointer, with more arguments than there are registers. */
static NOINLINE int many(
	wait_way *way, long a, long b, long c, long d, long e, long f, long g, long h)
{
	long sum = a + b + c + d + e + f + g + h;
	way();
	KEEP(sum);
	return (int)sum;
}

static int (*volatile many_pointer)(
	wait_way *, long, long, long, long, long, long, long, long) = many;

static NOINLINE int shape_pointer(wait_way *way)
{
	int sum = many_pointer(way, 1, 2, 3, 4, 5, 6, 7, 8);
	KEEP(sum);
	return sum + 1;
}

/* --- handlers --------------------------------------------------------------------------------------- */

static __thread wait_way *handler_way;

static void handler(int number)
{
	KEEP(number);
	handler_way();
	KEEP(number);
}

static NOINLINE int shape_handler(wait_way *way)
{
	handler_way = way;
	raise(SIGUSR1);
	return 1;
}

static NOINLINE int shape_handler_elsewhere(wait_way *way)
{
	stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};
	sigaltstack(&stack, NULL);
	handler_way = way;
	raise(SIGUSR2);
	return 1;
}

/* Interrupted between any two instructions, in a function that calls nothing. */
static __thread _Atomic int spinning;

static NOINLINE unsigned spin(unsigned seed)
{
	spinning = 1;
	for (;;)
		seed = seed * 1103515245 + 12345;
	return seed;
}

static NOINLINE void *interrupt(void *thread)
{
	usleep(20000);
	pthread_kill(*(pthread_t *)thread, SIGUSR1);
	return NULL;
}

static NOINLINE int shape_interrupted(wait_way *way)
{
	pthread_t self = pthread_self(), other;
	handler_way = way;
	pthread_create(&other, NULL, interrupt, &self);
	pthread_detach(other);
	return (int)spin(7) + 1;
}

/* --- all of them ------------------------------------------------------------------------------------ */

typedef int shape(wait_way *);
static shape *const shapes[] = {
	shape_plain,
	shape_deep,
	shape_alloca,
	shape_aligned,
	shape_large,
	shape_pointer,
	shape_handler,
	shape_handler_elsewhere,
	shape_interrupted,
};

#define WAYS   (sizeof ways / sizeof *ways)
#define SHAPES (sizeof shapes / sizeof *shapes)

static NOINLINE void *worker(void *argument)
{
	size_t number = (size_t)argument;
	int result = shapes[number / WAYS](ways[number % WAYS]);
	KEEP(result);
	return argument;
}

int main(void)
{
	struct sigaction action = {.sa_handler = handler};
	sigaction(SIGUSR1, &action, NULL);
	action.sa_flags = SA_ONSTACK;
	sigaction(SIGUSR2, &action, NULL);
	if (pipe(ends) != 0)
		return 1;
	for (size_t number = 0; number < SHAPES * WAYS; number++) {
		pthread_t thread;
		if (pthread_create(&thread, NULL, worker, (void *)number) != 0)
			return 1;
	}
	while (waiting < (int)(SHAPES * WAYS))
		usleep(1000);
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
