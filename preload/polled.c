/*
 * polled.c - how many there are only the kernel tells: by the arguments of the system call.
 */
#include "preload/polled.h"
#include "preload/peek.h"
#include "preload/proc.h"
#include "preload/sys.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>

#define POLLED_MAX   256u /* of an array, that are looked at */
#define SELECTED_MAX 4096u /* likewise, of a set's bits */
#define WORD_BITS    (sizeof(unsigned long) * CHAR_BIT)
#define SETS	     3

static long array_members(const uint64_t *arguments, int *members, unsigned room)
{
	static struct pollfd polled[POLLED_MAX];
	uint64_t count = (uint32_t)arguments[1];
	size_t looked = count < POLLED_MAX ? count : POLLED_MAX;
	long found = (long)(count - looked);
	unsigned kept = 0;
	if (peek(polled, arguments[0], looked * sizeof *polled) != (long)(looked * sizeof *polled))
		return -EFAULT;
	for (size_t i = 0; i < looked; i++) {
		if (polled[i].fd < 0)
			continue; /* which poll() passes over */
		if (kept < room)
			members[kept++] = polled[i].fd;
		found++;
	}
	return found;
}

static long sets_members(const uint64_t *arguments, int *members, unsigned room)
{
	static unsigned long sets[SETS][SELECTED_MAX / WORD_BITS];
	unsigned bits = (int)arguments[0] < 0 ? 0 : (unsigned)arguments[0], kept = 0;
	long found = 0;
	if (bits > SELECTED_MAX)
		bits = SELECTED_MAX;
	size_t bytes = (bits + WORD_BITS - 1) / WORD_BITS * sizeof(long);
	for (int set = 0; set < SETS; set++)
		if (arguments[1 + set] && peek(sets[set], arguments[1 + set], bytes) != (long)bytes)
			return -EFAULT;
	for (unsigned bit = 0; bit < bits; bit++) {
		unsigned long any = 0;
		for (int set = 0; set < SETS; set++)
			if (arguments[1 + set])
				any |= sets[set][bit / WORD_BITS] >> bit % WORD_BITS & 1;
		if (any && kept < room)
			members[kept++] = (int)bit;
		found += (long)any;
	}
	return found;
}

long polled_members(int tid, enum wait_kind kind, uint64_t object, int *members, unsigned room)
{
	struct proc_wait wait;
	int error = proc_wait_read(tid, &wait);
	if (error < 0)
		return error;
	if (wait.kind != kind || wait.object != object)
		return -ESRCH;
	return kind == WAIT_POLL ? array_members(wait.arguments, members, room)
				 : sets_members(wait.arguments, members, room);
}
