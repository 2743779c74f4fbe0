/*
 * worker.c - pthread_create with a small stack, detached.
 */
#include "demos/worker.h"

#include <pthread.h>

int worker_start(void *(*routine)(void *), void *argument)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int error = pthread_attr_init(&attributes);
	if (error)
		return error;
	pthread_attr_setstacksize(&attributes, WORKER_STACK_BYTES);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	error = pthread_create(&thread, &attributes, routine, argument);
	pthread_attr_destroy(&attributes);
	return error;
}
