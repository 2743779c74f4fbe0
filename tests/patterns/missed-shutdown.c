/*
 * missed-shutdown.c - a connection's writer is told to end by a flag, and not woken.
 *
 * class: condvar
 * cause: the flag is set without a broadcast
 * expect: growing|never woken|orphaned
 * where: writer_run
 * unreachable: yes
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

struct connection {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	bool ends;
	unsigned packets;
};

static void *writer_run(void *argument)
{
	struct connection *connection = argument;
	pthread_mutex_lock(&connection->mutex);
	while (!connection->ends) {
		while (connection->packets)
			connection->packets--;
		pthread_cond_wait(&connection->changed, &connection->mutex);
	}
	pthread_mutex_unlock(&connection->mutex);
	return NULL;
}

static void request(bool leak)
{
	struct connection *connection = memory_make(sizeof *connection);
	thread_start_detached(writer_run, connection);
	pthread_mutex_lock(&connection->mutex);
	connection->packets = 3;
	pthread_cond_signal(&connection->changed);
	pthread_mutex_unlock(&connection->mutex);
	sleep_ms(5);
	pthread_mutex_lock(&connection->mutex);
	connection->ends = true;
	if (!leak)
		pthread_cond_broadcast(&connection->changed);
	pthread_mutex_unlock(&connection->mutex);
}

const struct pattern pattern = {
	.request = request,
	.company = COMPANY_SERVICE | COMPANY_QUEUE,
};
