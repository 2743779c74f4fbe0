/*
 * futex-unwoken.c - a lock-free mailbox whose fast path forgets the wake.
 *
 * class: condvar
 * cause: the value changes after the waiter has looked, and FUTEX_WAKE is skipped
 * expect: growing|never woken
 * where: mail_await
 * unreachable: yes
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *mail_await(void *argument)
{
	atomic_uint *mail = argument;
	while (!*mail)
		syscall(SYS_futex, mail, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	return NULL;
}

static void request(bool leak)
{
	atomic_uint *mail = memory_make(sizeof *mail);
	thread_start_detached(mail_await, mail);
	sleep_ms(10);
	*mail = 1;
	if (!leak)
		syscall(SYS_futex, mail, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_LOCKS | COMPANY_LONG_POLL,
};
