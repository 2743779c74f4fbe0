/*
 * forgotten-join.c - joinable threads that nobody joins.
 *
 * class: thread
 * cause: the caller drops the pthread_t
 * expect: unjoined
 * where: mail_send|request
 * unreachable: not memory
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

static void *mail_send(void *unused)
{
	sleep_ms(5);
	return unused;
}

static void request(bool leak)
{
	pthread_t mail = thread_start(mail_send, NULL);
	if (!leak)
		pthread_join(mail, NULL);
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_BATCH,
};
