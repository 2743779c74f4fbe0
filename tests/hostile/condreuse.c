/*
 * condreuse.c - condition variables, mutexes and semaphores that are destroyed and freed by whoever wakes
 * up, and others at the same addresses at once: nothing is touched after a call has returned.
 */
#include "tests/hostile/hostile.h"

#include <sys/mman.h>

#define ROUNDS 3000

struct meeting {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	sem_t done;
	int ready;
};

/* Each at the same address; unmapped in between, so that touching it late is fatal. */
static void *const place = (void *)0x600000000000;

static struct meeting *meeting_open(void)
{
	struct meeting *meeting = mmap(place, 4096, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	MUST(meeting == place);
	pthread_mutex_init(&meeting->lock, NULL);
	pthread_cond_init(&meeting->cond, NULL);
	sem_init(&meeting->done, 0, 0);
	return meeting;
}

static void *wake(void *at)
{
	struct meeting *meeting = at;
	pthread_mutex_lock(&meeting->lock);
	meeting->ready = 1;
	pthread_cond_signal(&meeting->cond);
	pthread_mutex_unlock(&meeting->lock);
	sem_post(&meeting->done);
	return NULL;
}

int main(void)
{
	int met = 0;
	for (int i = 0; i < ROUNDS; i++) {
		pthread_t thread;
		struct meeting *meeting = meeting_open();
		MUST(pthread_create(&thread, NULL, wake, meeting) == 0);
		pthread_mutex_lock(&meeting->lock);
		while (!meeting->ready)
			pthread_cond_wait(&meeting->cond, &meeting->lock);
		pthread_mutex_unlock(&meeting->lock);
		MUST(sem_wait(&meeting->done) == 0);
		pthread_cond_destroy(&meeting->cond);
		MUST(pthread_join(thread, NULL) == 0);
		met += meeting->ready;
		munmap(meeting, 4096);
	}
	printf("met %d\n", met);
	return 0;
}
