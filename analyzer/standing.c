/*
 * standing.c - the innermost frames of a creation stack, looked for on the stacks of all groups.
 */
#include "analyzer/standing.h"

#include <string.h>

#define CREATING_FRAMES 2

static bool frame_is_of(const struct frame *frame, const struct frame *other)
{
	return !frame->folded && frame->function && frame->place.module == other->place.module &&
	       !strcmp(frame->function, other->function);
}

static bool is_on_a_stack(const struct judging *judging, const struct frame *function)
{
	const struct groups *groups = judging->report->groups;
	for (size_t i = 0; i < groups->count; i++) {
		const struct group *group = groups->list[i];
		struct trace trace = trace_of_stack(
			&judging->report->tracer, &group->stack, group->guessed, group->partial);
		for (unsigned j = 0; j < trace.count; j++)
			if (frame_is_of(&trace.frames[j], function))
				return true;
	}
	return false;
}

bool standing_creator(
	const struct judging *judging, const struct dump_creator *creator, bool main_counts)
{
	struct trace trace = trace_of_creator(&judging->report->tracer, creator);
	unsigned looked = 0;
	for (unsigned i = 0; i < trace.count && looked < CREATING_FRAMES; i++) {
		const struct frame *frame = &trace.frames[i];
		if (frame->folded)
			continue;
		looked++;
		if (!frame->function)
			return true;
		if (!main_counts && !strcmp(frame->function, "main"))
			continue;
		if (is_on_a_stack(judging, frame))
			return true;
	}
	return !looked;
}
