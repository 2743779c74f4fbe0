/*
 * contract-violation.c - an object with a start and a stop of which the caller forgets the stop.
 *
 * class: channel
 * cause: the listener's done channel is never closed
 * expect: growing|never woken
 * where: listener_run
 * unreachable: yes
 */
#include "demos/channel.h"
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

static void *listener_run(void *done)
{
	int nothing;
	channel_receive(done, &nothing, NULL);
	channel_release(done);
	return NULL;
}

static struct channel *listener_start(void)
{
	struct channel *done = channel_make(sizeof(int), 0);
	thread_start_detached(listener_run, channel_share(done));
	return done;
}

static void listener_stop(struct channel *done)
{
	channel_close(done);
	channel_release(done);
}

static void request(bool leak)
{
	struct channel *listener = listener_start();
	sleep_ms(2);
	if (!leak)
		listener_stop(listener);
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_NETWORK | COMPANY_POOL,
};
