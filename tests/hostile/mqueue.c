/*
 * mqueue.c - a message queue that sends a signal when a message comes, asked for before the first thread. The kernel
 * forgets what was asked for when the process closes a descriptor of the queue, any: so must the shim's thread not.
 * And a queue that is closed and unlinked is gone.
 */
#include "tests/hostile/hostile.h"

#include <mqueue.h>

static volatile sig_atomic_t signals;
static sem_t go;

static void count(int number)
{
	(void)number;
	signals++;
}

static void *park(void *unused)
{
	sem_wait(&go);
	return unused;
}

int main(void)
{
	struct mq_attr attributes = {.mq_maxmsg = 2, .mq_msgsize = 8};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	pthread_t thread;
	char name[48], text[8];
	snprintf(name, sizeof name, "/leakwatch-hostile-%d", (int)getpid());
	mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
	if (queue < 0) {
		puts("no message queues");
		return SKIP;
	}
	mq_unlink(name);
	signal(SIGUSR1, count);
	sem_init(&go, 0, 0);
	MUST(mq_notify(queue, &event) == 0);
	MUST(pthread_create(&thread, NULL, park, NULL) == 0);
	dump_here();
	MUST(mq_send(queue, "message", 8, 0) == 0);
	printf("signals: %d\n", (int)signals);
	MUST(mq_receive(queue, text, sizeof text, NULL) == 8);
	dump_here();
	MUST(mq_notify(queue, &event) == 0);
	MUST(mq_send(queue, "message", 8, 0) == 0);
	printf("signals: %d\n", (int)signals);
	sem_post(&go);
	MUST(pthread_join(thread, NULL) == 0);
	return 0;
}
