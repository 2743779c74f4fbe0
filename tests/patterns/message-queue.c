/*
 * message-queue.c - every session starts a receiver on the one message queue, to which only one writes once.
 *
 * class: io
 * cause: receivers are not ended with their sessions
 * expect: growing|never woken
 * where: notice_receive
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static mqd_t notices;
static bool leaks;

static void *notice_receive(void *unused)
{
	char notice[16];
	if (leaks)
		mq_receive(notices, notice, sizeof notice, NULL);
	else
		mq_timedreceive(notices, notice, sizeof notice, NULL, &(struct timespec){0});
	return unused;
}

static void start(bool leak)
{
	struct mq_attr attributes = {.mq_maxmsg = 2, .mq_msgsize = 16};
	char name[32];
	leaks = leak;
	snprintf(name, sizeof name, "/leakwatch-%d", getpid());
	notices = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
	must(notices != (mqd_t)-1, "mq_open");
	mq_unlink(name);
}

static void request(bool leak)
{
	(void)leak;
	thread_start_detached(notice_receive, NULL);
}

const struct pattern pattern = {
	.start = start,
	.request = request,
	.company = COMPANY_SERVICE,
};
