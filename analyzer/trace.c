/*
 * trace.c - addresses -> frames, and which of them to fold.
 *
 * Folding follows Go, which hides runtime.* at both ends: libc, the loader and the C++ run time at the
 * innermost end (how the wait is made) and at the outermost end (how a thread is begun) say nothing
 * of the program. Between frames of the program they stay. If all would be folded, none is.
 */
#include "analyzer/trace.h"
#include "analyzer/utf8.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* --- folding -------------------------------------------------------------------------------------- */

/* Up to what may be a version: libc.so.6, libc-2.31.so, ld-linux-x86-64.so.2. */
static const char *const runtime_modules[] = {
	"libc.so",
	"libc-",
	"libpthread.so",
	"libpthread-",
	"ld-linux",
	"ld-2.",
	"librt.so",
	"libstdc++.so",
	"libgcc_s.so",
	"libleakwatch.so",
	"linux-vdso.so",
};

static bool place_is_runtime(const struct place *place)
{
	const char *name = place_module_name(place);
	for (size_t i = 0; i < COUNT(runtime_modules); i++)
		if (!strncmp(name, runtime_modules[i], strlen(runtime_modules[i])))
			return true;
	return false;
}

/* Most of the C++ library is compiled into the program, from /usr/include/c++/12 and
 * /usr/include/x86_64-linux-gnu/c++/12. */
static bool frame_is_runtime(const struct frame *frame)
{
	const char *include = frame->file ? strstr(frame->file, "/include/") : NULL;
	return place_is_runtime(&frame->place) || (include && strstr(include, "/c++/"));
}

/* A static program has its libc in itself, and _start is always the program's. */
static bool function_is_start(const char *function)
{
	static const char *const names[] = {"_start", "start_thread", "clone", "__clone", "clone3",
		"__clone3", "__libc_start_main", "__libc_start_call_main",
		"__libc_start_main_impl"};
	for (size_t i = 0; function && i < COUNT(names); i++)
		if (!strcmp(function, names[i]))
			return true;
	return false;
}

static bool frame_is_outside(const struct frame *frame)
{
	return frame_is_runtime(frame) || function_is_start(frame->function);
}

static void trace_fold(struct frame *frames, unsigned count, bool whole)
{
	unsigned first = 0, end = count;
	while (first < end && frame_is_runtime(&frames[first]))
		first++;
	/* Without its symbol, _start is the frame in front of libc at the end of a whole stack. */
	if (whole && end >= 2 && !frames[end - 1].function &&
		place_is_runtime(&frames[end - 2].place))
		end--;
	while (end > first && frame_is_outside(&frames[end - 1]))
		end--;
	if (first >= end)
		return;
	for (unsigned i = 0; i < count; i++)
		frames[i].folded = i < first || i >= end;
}

/* --- frames --------------------------------------------------------------------------------------- */

static void frames_add(
	const struct tracer *tracer, const struct place *place, bool guessed, struct rows *frames)
{
	const struct symbol_list *list = symbols_of_place(tracer->symbols, place);
	struct frame plain = {.place = *place, .guessed = guessed};
	plain.entry_distance = list->entry_distance;
	if (!list->count)
		*(struct frame *)rows_add(frames, tracer->pool) = plain;
	for (unsigned i = 0; i < list->count; i++) {
		struct frame *frame = rows_add(frames, tracer->pool);
		*frame = plain;
		frame->function = list->symbol[i].function;
		frame->file = list->symbol[i].file;
		frame->line = list->symbol[i].line;
		frame->inlined = list->symbol[i].inlined;
	}
}

struct trace trace_of_stack(const struct tracer *tracer, const struct stack *stack,
	struct measured guessed, struct measured partial)
{
	struct rows frames = {.item_bytes = sizeof(struct frame)};
	for (unsigned i = 0; i < stack->depth; i++) {
		struct place place = place_of_return(tracer->dump, stack->address[i]);
		frames_add(tracer, &place, guessed.known && i >= guessed.value, &frames);
	}
	trace_fold(frames.items, (unsigned)frames.count, partial.known && !partial.value);
	return (struct trace){frames.items, (unsigned)frames.count};
}

struct trace trace_of_creator(const struct tracer *tracer, const struct dump_creator *creator)
{
	struct measured unknown = {0};
	if (!creator)
		return (struct trace){NULL, 0};
	return trace_of_stack(tracer, &creator->stack, unknown, unknown);
}

struct trace trace_of_entry(const struct tracer *tracer, uint64_t address)
{
	struct rows frames = {.item_bytes = sizeof(struct frame)};
	struct place place = place_of_entry(tracer->dump, address);
	frames_add(tracer, &place, false, &frames);
	/* What is inlined at the first instruction is not the routine. */
	const struct frame *last = (const struct frame *)frames.items + frames.count - 1;
	return (struct trace){last, 1};
}

const struct frame *trace_top(const struct trace *trace)
{
	for (unsigned i = 0; i < trace->count; i++)
		if (!trace->frames[i].folded)
			return &trace->frames[i];
	return NULL;
}

const char *frame_function(struct pool *pool, const struct frame *frame)
{
	const struct place *place = &frame->place;
	if (frame->function)
		return utf8_printable(pool, frame->function);
	if (!place->module)
		return pool_print(pool, "0x%lx", (unsigned long)place->address);
	return pool_print(pool, "%s+0x%lx", utf8_printable(pool, place_module_name(place)),
		(unsigned long)place->offset);
}

const char *frame_words(struct pool *pool, const struct frame *frame)
{
	const char *function = frame_function(pool, frame);
	if (!frame->file || !frame->line)
		return function;
	const char *slash = strrchr(frame->file, '/');
	return pool_print(pool, "%s (%s:%u)", function,
		utf8_printable(pool, slash ? slash + 1 : frame->file), frame->line);
}
