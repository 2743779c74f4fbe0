/*
 * semaphore-order.c - semaphores as locks, taken in opposite orders; the next users queue behind.
 *
 * class: lock
 * cause: no order
 * expect: deadlock|growing|stalled
 * where: copy_files
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <semaphore.h>

static sem_t files[2];
static int there[2] = {0, 1}, back[2] = {1, 0};

static void *copy_files(void *order)
{
	int *file = order;
	sem_wait(&files[file[0]]);
	sleep_ms(20);
	sem_wait(&files[file[1]]);
	sem_post(&files[file[1]]);
	sem_post(&files[file[0]]);
	return NULL;
}

static void start(bool leak)
{
	sem_init(&files[0], 0, 1);
	sem_init(&files[1], 0, 1);
	thread_start_detached(copy_files, there);
	thread_start_detached(copy_files, leak ? back : there);
}

static void request(bool leak)
{
	(void)leak;
	thread_start_detached(copy_files, there);
}

const struct pattern pattern = {
	.start = start,
	.request = request,
	.company = COMPANY_BUSY_POOL | COMPANY_HEARTBEAT | COMPANY_ACCEPT,
};
