/*
 * unclosed-range.c - workers range over a channel that its producer does not close.
 *
 * class: channel
 * cause: the producer has sent all and returns without close
 * expect: growing|never woken|orphaned
 * where: rows_range
 * unreachable: yes
 */
#include "demos/channel.h"
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

static void *rows_range(void *rows)
{
	int row;
	while (channel_receive(rows, &row, NULL) == CHANNEL_OK)
		sleep_ms(1);
	channel_release(rows);
	return NULL;
}

static void request(bool leak)
{
	struct channel *rows = channel_make(sizeof(int), 3);
	thread_start_detached(rows_range, channel_share(rows));
	for (int row = 0; row < 3; row++)
		channel_send(rows, &row, NULL);
	if (!leak)
		channel_close(rows);
	channel_release(rows);
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_SERVICE | COMPANY_TICKER,
};
