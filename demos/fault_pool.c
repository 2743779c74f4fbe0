/*
 * fault_pool.c - a pool of workers whose queue is never closed.
 *
 * The producer returns at the first line that it cannot read, past the close at its end, and the
 * workers wait for the next line for ever. Fixed, the queue is closed on every way out, and the workers
 * are waited for.
 */
#include "demos/channel.h"
#include "demos/fault.h"
#include "demos/object.h"
#include "demos/waitgroup.h"
#include "demos/worker.h"

#include <stdatomic.h>

#define POOL_WORKERS 3
#define LINES	     10
#define LINE_BROKEN  4

/* Shared by handler and workers; the last to leave frees it. */
struct pool {
	struct channel *queue;
	struct waitgroup group;
	_Atomic unsigned users, done;
};

static void pool_leave(struct pool *pool)
{
	if (atomic_fetch_sub(&pool->users, 1) > 1)
		return;
	channel_release(pool->queue);
	waitgroup_destroy(&pool->group);
	object_free(pool);
}

static void *pool_worker(void *argument)
{
	struct pool *pool = argument;
	int line;
	while (channel_receive(pool->queue, &line, NULL) == CHANNEL_OK)
		atomic_fetch_add(&pool->done, 1);
	waitgroup_done(&pool->group);
	pool_leave(pool);
	return NULL;
}

/* NULL where not one worker could be started. */
static struct pool *pool_start(void)
{
	struct pool *pool = object_alloc(sizeof *pool);
	unsigned started = 0;

	pool->queue = channel_make(sizeof(int), 0);
	waitgroup_init(&pool->group);
	pool->users = 1;
	while (started < POOL_WORKERS) {
		waitgroup_add(&pool->group, 1);
		pool->users++;
		if (worker_start(pool_worker, pool) != 0) {
			waitgroup_done(&pool->group);
			pool->users--;
			break;
		}
		started++;
	}
	if (started)
		return pool;
	pool_leave(pool);
	return NULL;
}

static bool line_read(int number, int *line)
{
	*line = number;
	return number != LINE_BROKEN;
}

static unsigned pool_produce(struct pool *pool)
{
	int line;
	for (int number = 0; number < LINES; number++) {
		if (!line_read(number, &line))
			return FAULT_FAILED;
		channel_send(pool->queue, &line, NULL);
	}
	return FAULT_OK;
}

static unsigned pool_left_open(struct pool *pool)
{
	unsigned status = pool_produce(pool);
	if (status != FAULT_OK)
		return status;
	channel_close(pool->queue);
	return status;
}

static unsigned pool_closed_always(struct pool *pool)
{
	unsigned status = pool_produce(pool);
	channel_close(pool->queue);
	waitgroup_wait(&pool->group);
	return status;
}

static unsigned pool_serve(bool fixed)
{
	struct pool *pool = pool_start();
	if (!pool)
		return FAULT_BUSY;
	unsigned status = fixed ? pool_closed_always(pool) : pool_left_open(pool);
	pool_leave(pool);
	return status;
}

const struct fault fault_pool = {"pool", "/pool",
	"leaves its workers' queue open when the producer fails; fixed: closes it on every way out",
	pool_serve};
