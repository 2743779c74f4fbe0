/*
 * forgotten-join-error.c - two helpers; if the first one failed, the second is not joined.
 *
 * class: thread
 * cause: return between two joins
 * expect: unjoined
 * where: half_sort|request
 * unreachable: not memory
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

static void *half_sort(void *fails)
{
	sleep_ms(3);
	return fails;
}

static void request(bool leak)
{
	static unsigned number;
	void *failed = NULL;
	pthread_t left = thread_start(half_sort, number++ % 2 ? &number : NULL);
	pthread_t right = thread_start(half_sort, NULL);
	pthread_join(left, &failed);
	if (failed && leak)
		return;
	pthread_join(right, NULL);
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_SERVICE | COMPANY_SUPERVISOR,
};
