/*
 * room.c - limits minus what is used of them.
 */
#include "analyzer/room.h"

#define MAPPINGS 2 /* of a thread's stack: itself, and its guard page */

static void limit_consider(
	struct room *room, struct measured limit, struct measured used, const char *words)
{
	if (!limit.known || !used.known)
		return;
	uint64_t left = limit.value > used.value ? limit.value - used.value : 0;
	if (room->threads.known && room->threads.value <= left)
		return;
	*room = (struct room){{left, true}, limit.value, words};
}

struct room room_of_dump(const struct dump *dump)
{
	struct room room = {.words = ""};
	struct measured threads = dump->threads_total, stacks = dump->limit_map_count_max;
	stacks.value /= MAPPINGS;
	limit_consider(&room, dump->limit_pids_max, dump->limit_pids_current,
		"of the control group (pids.max)");
	limit_consider(&room, dump->limit_nproc, threads, "of the user (RLIMIT_NPROC)");
	limit_consider(&room, dump->limit_threads_max, threads, "of the machine (threads-max)");
	limit_consider(&room, dump->limit_pid_max, threads, "of the machine (pid_max)");
	limit_consider(&room, stacks, threads, "that the mappings leave room for (max_map_count)");
	return room;
}
