/*
 * oldcond.c - a program linked before glibc 2.3.2, when a condition variable was as large as a pointer:
 * its calls go to the old versions of the symbols, waiters and wakers meet, and nothing beside the small
 * object is written. And one that looks versions up by name.
 *
 * expect: [.groups[] | select(.wait == "cond_wait" and any(.stack[]; .function == "old_park"))] | length == 1 and .[0].count == 2
 */
#include "tests/hostile/hostile.h"

#include <dlfcn.h>

struct old_cond {
	void *pointer;
};

int old_wait(struct old_cond *cond, pthread_mutex_t *mutex);
int old_timedwait(struct old_cond *cond, pthread_mutex_t *mutex, const struct timespec *deadline);
int old_signal(struct old_cond *cond);
int old_broadcast(struct old_cond *cond);
int old_init(struct old_cond *cond, const void *attributes);
int old_destroy(struct old_cond *cond);
__asm__(".symver old_wait, pthread_cond_wait@GLIBC_2.2.5");
__asm__(".symver old_timedwait, pthread_cond_timedwait@GLIBC_2.2.5");
__asm__(".symver old_signal, pthread_cond_signal@GLIBC_2.2.5");
__asm__(".symver old_broadcast, pthread_cond_broadcast@GLIBC_2.2.5");
__asm__(".symver old_init, pthread_cond_init@GLIBC_2.2.5");
__asm__(".symver old_destroy, pthread_cond_destroy@GLIBC_2.2.5");

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	char before[64];
	struct old_cond cond;
	char after[64];
} fenced;
static volatile int tids[2];
static int go, woken;

static __attribute__((noinline)) void old_park(volatile int *tid)
{
	pthread_mutex_lock(&lock);
	*tid = thread_id();
	while (!go)
		old_wait(&fenced.cond, &lock);
	woken++;
	pthread_mutex_unlock(&lock);
}

static void *run(void *tid)
{
	old_park(tid);
	return NULL;
}

static int untouched(void)
{
	for (int i = 0; i < 64; i++)
		if (fenced.before[i] != 0x5a || fenced.after[i] != 0x5a)
			return 0;
	return 1;
}

/* A library's way to the old ones: by version, in the global scope. */
static void by_name(void)
{
	struct timespec past = {1, 0};
	int (*wait)(struct old_cond *, pthread_mutex_t *, const struct timespec *);
	int (*wait_new)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
	pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
	void *symbol = dlvsym(RTLD_DEFAULT, "pthread_cond_timedwait", "GLIBC_2.2.5");
	MUST(symbol);
	memcpy(&wait, &symbol, sizeof wait);
	symbol = dlsym(RTLD_DEFAULT, "pthread_cond_timedwait");
	MUST(symbol);
	memcpy(&wait_new, &symbol, sizeof wait_new);
	pthread_mutex_lock(&lock);
	printf("old by name: %s\n", strerrorname_np(wait(&fenced.cond, &lock, &past)));
	printf("new by name: %s\n", strerrorname_np(wait_new(&cond, &lock, &past)));
	pthread_mutex_unlock(&lock);
}

int main(void)
{
	pthread_t threads[2];
	struct timespec past = {1, 0};
	memset(&fenced, 0x5a, sizeof fenced);
	MUST(old_init(&fenced.cond, NULL) == 0);
	for (int i = 0; i < 2; i++) {
		MUST(pthread_create(&threads[i], NULL, run, (void *)&tids[i]) == 0);
		until_parked(&tids[i]);
	}
	dump_here();
	pthread_mutex_lock(&lock);
	printf("timed: %s\n", strerrorname_np(old_timedwait(&fenced.cond, &lock, &past)));
	old_signal(&fenced.cond);
	go = 1;
	old_broadcast(&fenced.cond);
	pthread_mutex_unlock(&lock);
	for (int i = 0; i < 2; i++)
		MUST(pthread_join(threads[i], NULL) == 0);
	by_name();
	MUST(old_destroy(&fenced.cond) == 0);
	printf("woken %d, untouched %d\n", woken, untouched());
	return 0;
}
