/*
 * channel.h - channels as in Go: threads that hand each other elements of one fixed size.
 *
 * An unbuffered channel (capacity 0) is a rendezvous: a send returns when a receiver has taken the
 * element. A buffered one holds up to its capacity, and a send returns when its element is in.
 *
 * Both calls take a context (see context.h), and so are Go's select of a channel and ctx.Done(): they
 * return CHANNEL_CANCELLED when the context is done and the element has not passed. Without one (NULL)
 * they wait until the channel is ready or closed, for ever if need be.
 *
 * A blocked receiver waits in pthread_cond_wait called by channel_receive() itself, and a blocked
 * sender by channel_send(), on a condition variable of the channel: so the stack of a leaked thread
 * reads as the story goes. The condition variables are inside the channel's own memory.
 *
 * Any thread may make any call, as long as it holds a reference.
 */
#ifndef LEAKWATCH_DEMO_CHANNEL_H
#define LEAKWATCH_DEMO_CHANNEL_H

#include "demos/context.h"

#include <stddef.h>

struct channel;

enum channel_result {
	CHANNEL_OK = 0,
	CHANNEL_CLOSED, /* receive only: closed, and nothing is left in it */
	CHANNEL_CANCELLED,
};

/* A line of the caller, for messages. */
struct channel_line {
	const char *file;
	int number;
};
#define CHANNEL_LINE ((struct channel_line){__FILE__, __LINE__})

/* Makes a channel with one reference. Exits the program where memory is out (see object.h). */
struct channel *channel_make(size_t element_bytes, size_t capacity);

/* References, since threads that share a channel end in any order: channel_share() adds one and
 * returns the channel, channel_release() gives one back; the last one frees the channel. */
struct channel *channel_share(struct channel *channel);
void channel_release(struct channel *channel);

/* Sends a copy of *element. Sending on a closed channel is an error of the program, also when the
 * close comes while the send waits: it names both lines on stderr and aborts. */
enum channel_result(channel_send)(struct channel *channel, const void *element,
	struct context *context, struct channel_line line);
#define channel_send(channel, element, context)                                                    \
	channel_send(channel, element, context, CHANNEL_LINE)

/* Receives the oldest element into *element, which stays as it is unless CHANNEL_OK is returned. */
enum channel_result channel_receive(
	struct channel *channel, void *element, struct context *context);

/* Says that nothing will be sent any more: receivers get what is left in the channel, then
 * CHANNEL_CLOSED. Closing twice is an error of the program: it names both lines on stderr and
 * aborts. */
void(channel_close)(struct channel *channel, struct channel_line line);
#define channel_close(channel) channel_close(channel, CHANNEL_LINE)

/* How many threads wait in a send or a receive at this moment. */
size_t channel_blocked(struct channel *channel);

#endif
