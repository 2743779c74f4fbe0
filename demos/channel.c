/*
 * channel.c - a ring of elements under one mutex, and whom to wake.
 *
 * An unbuffered channel has a ring of one: a sender lays its element there as an offer and waits until
 * it is taken; if its context ends first, it withdraws the offer. Elements are numbered as they come
 * and go, so a sender knows that its own was taken.
 *
 * Waiters look for an element (or room) before they look at their context: one that leaves has seen
 * that there was nothing, so no wake-up is lost with it.
 */
#include "demos/channel.h"
#include "demos/object.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct channel {
	size_t element_bytes, capacity, slots; /* constant; slots is the ring's size, at least 1 */
	pthread_mutex_t mutex; /* guards all below */
	pthread_cond_t filled; /* an element came: receivers wait for it */
	pthread_cond_t emptied; /* a slot came free: senders without one wait for it */
	pthread_cond_t taken; /* an offer was taken: senders with an offer wait for it */
	unsigned references;
	uint64_t sent, received; /* elements ever put and taken; the difference is in the ring */
	size_t blocked;
	struct channel_line closed; /* file is NULL while the channel is open */
	char ring[];
};

/* A send under way. */
struct offer {
	const void *element;
	uint64_t number; /* of the element, from 1; 0 until it is in the ring */
};

static void monotonic_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attributes);
	pthread_condattr_destroy(&attributes);
}

struct channel *channel_make(size_t element_bytes, size_t capacity)
{
	size_t slots = capacity ? capacity : 1;
	struct channel *channel = object_alloc(sizeof *channel + slots * element_bytes);
	channel->element_bytes = element_bytes;
	channel->capacity = capacity;
	channel->slots = slots;
	channel->references = 1;
	pthread_mutex_init(&channel->mutex, NULL);
	monotonic_cond_init(&channel->filled);
	monotonic_cond_init(&channel->emptied);
	monotonic_cond_init(&channel->taken);
	return channel;
}

struct channel *channel_share(struct channel *channel)
{
	pthread_mutex_lock(&channel->mutex);
	channel->references++;
	pthread_mutex_unlock(&channel->mutex);
	return channel;
}

void channel_release(struct channel *channel)
{
	pthread_mutex_lock(&channel->mutex);
	bool last = --channel->references == 0;
	pthread_mutex_unlock(&channel->mutex);
	if (!last)
		return;
	pthread_cond_destroy(&channel->taken);
	pthread_cond_destroy(&channel->emptied);
	pthread_cond_destroy(&channel->filled);
	pthread_mutex_destroy(&channel->mutex);
	object_free(channel);
}

_Noreturn static void misuse(
	const struct channel *channel, const char *what, struct channel_line line)
{
	fprintf(stderr, "%s:%d: %s a channel that was closed at %s:%d\n", line.file, line.number,
		what, channel->closed.file, channel->closed.number);
	abort();
}

static void wake_all(void *argument)
{
	struct channel *channel = argument;
	pthread_mutex_lock(&channel->mutex);
	pthread_cond_broadcast(&channel->filled);
	pthread_cond_broadcast(&channel->emptied);
	pthread_cond_broadcast(&channel->taken);
	pthread_mutex_unlock(&channel->mutex);
}

static char *ring_slot(struct channel *channel, uint64_t number)
{
	return channel->ring + number % channel->slots * channel->element_bytes;
}

static bool ring_is_full(const struct channel *channel)
{
	return channel->sent - channel->received == channel->slots;
}

/* Puts the element into the ring if it has room; says whether the send is complete. */
static bool offer_advance(struct channel *channel, struct offer *offer, struct channel_line line)
{
	if (offer->number && offer->number <= channel->received)
		return true;
	if (channel->closed.file)
		misuse(channel, "send on", line);
	if (!offer->number && !ring_is_full(channel)) {
		memcpy(ring_slot(channel, channel->sent), offer->element, channel->element_bytes);
		offer->number = ++channel->sent;
		pthread_cond_signal(&channel->filled);
	}
	return offer->number && channel->capacity > 0;
}

static void offer_withdraw(struct channel *channel, const struct offer *offer)
{
	if (!offer->number)
		return;
	channel->sent--;
	pthread_cond_signal(&channel->emptied);
}

enum channel_result(channel_send)(struct channel *channel, const void *element,
	struct context *context, struct channel_line line)
{
	struct context_watch watch = {.cancelled = wake_all, .argument = channel};
	const struct timespec *deadline = context_deadline(context);
	struct offer offer = {.element = element};
	bool sent;

	if (context_done(context))
		return CHANNEL_CANCELLED;
	context_watch(context, &watch);
	pthread_mutex_lock(&channel->mutex);
	while (!(sent = offer_advance(channel, &offer, line)) && !context_done(context)) {
		/* One call for both conditions: leaked senders then share one stack. */
		pthread_cond_t *cond = offer.number ? &channel->taken : &channel->emptied;
		channel->blocked++;
		if (deadline)
			pthread_cond_timedwait(cond, &channel->mutex, deadline);
		else
			pthread_cond_wait(cond, &channel->mutex);
		channel->blocked--;
	}
	if (!sent)
		offer_withdraw(channel, &offer);
	pthread_mutex_unlock(&channel->mutex);
	context_unwatch(context, &watch);
	return sent ? CHANNEL_OK : CHANNEL_CANCELLED;
}

static enum channel_result ring_take(struct channel *channel, void *element)
{
	if (channel->sent == channel->received)
		return channel->closed.file ? CHANNEL_CLOSED : CHANNEL_CANCELLED;
	memcpy(element, ring_slot(channel, channel->received++), channel->element_bytes);
	pthread_cond_signal(&channel->emptied);
	/* To all: next to the sender whose offer this was there may be a newer one, of the next offer. */
	if (channel->capacity == 0)
		pthread_cond_broadcast(&channel->taken);
	return CHANNEL_OK;
}

enum channel_result channel_receive(struct channel *channel, void *element, struct context *context)
{
	struct context_watch watch = {.cancelled = wake_all, .argument = channel};
	const struct timespec *deadline = context_deadline(context);

	if (context_done(context))
		return CHANNEL_CANCELLED;
	context_watch(context, &watch);
	pthread_mutex_lock(&channel->mutex);
	while (channel->sent == channel->received && !channel->closed.file &&
		!context_done(context)) {
		channel->blocked++;
		if (deadline)
			pthread_cond_timedwait(&channel->filled, &channel->mutex, deadline);
		else
			pthread_cond_wait(&channel->filled, &channel->mutex);
		channel->blocked--;
	}
	enum channel_result result = ring_take(channel, element);
	pthread_mutex_unlock(&channel->mutex);
	context_unwatch(context, &watch);
	return result;
}

void(channel_close)(struct channel *channel, struct channel_line line)
{
	pthread_mutex_lock(&channel->mutex);
	if (channel->closed.file)
		misuse(channel, "close of", line);
	channel->closed = line;
	pthread_mutex_unlock(&channel->mutex);
	wake_all(channel);
}

size_t channel_blocked(struct channel *channel)
{
	pthread_mutex_lock(&channel->mutex);
	size_t blocked = channel->blocked;
	pthread_mutex_unlock(&channel->mutex);
	return blocked;
}
