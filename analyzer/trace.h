/*
 * trace.h - a stack with names: the frames that a person reads, inlined functions among them.
 */
#ifndef LEAKWATCH_TRACE_H
#define LEAKWATCH_TRACE_H

#include "analyzer/symbols.h"

struct frame {
	struct place place; /* the same for an inlined function and what it was inlined into */
	const char *function; /* NULL: not known */
	const char *file; /* NULL: not known */
	unsigned line; /* 0: not known */
	struct measured entry_distance; /* from the entry of the function that holds the code */
	bool inlined;
	bool guessed; /* found by guess, as all frames outside of it */
	bool folded; /* of libc's or C++'s own way into the wait or thread: not for the eye */
};

struct trace {
	const struct frame *frames; /* innermost first */
	unsigned count;
};

struct tracer {
	struct pool *pool; /* for traces */
	struct symbols *symbols;
	const struct dump *dump;
};

/* guessed is the index of the first guessed address; partial known and 1 where the stack's outermost
 * end is missing. */
struct trace trace_of_stack(const struct tracer *tracer, const struct stack *stack,
	struct measured guessed, struct measured partial);

/* The creation stack of a creator; empty for NULL. */
struct trace trace_of_creator(const struct tracer *tracer, const struct dump_creator *creator);

/* The function at its entry address, as of a start routine. One frame (never an inlined one). */
struct trace trace_of_entry(const struct tracer *tracer, uint64_t address);

/* The first frame that is not folded; NULL for an empty trace. */
const struct frame *trace_top(const struct trace *trace);

/* "chan_recv" or, where nothing is known, "libfoo.so+0x1f3a" or "0x7f31a4c02b1f". Printable. */
const char *frame_function(struct pool *pool, const struct frame *frame);

/* "chan_recv (channel.c:87)", or the function alone. Printable. */
const char *frame_words(struct pool *pool, const struct frame *frame);

#endif
