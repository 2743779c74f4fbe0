/*
 * scheduling.c - changes what differs, and nothing else: under a filter of system calls, each is a risk.
 */
#include "preload/scheduling.h"
#include "preload/sys.h"

#include <sched.h>
#include <string.h>

#define PROCESSORS_MAX 8192 /* of any kernel */

struct processors {
	unsigned long mask[PROCESSORS_MAX / (8 * sizeof(unsigned long))];
	long bytes; /* of it, as the kernel has it; negative: not known */
};

static struct processors at_start;

static void processors_read(struct processors *processors)
{
	processors->bytes = sys_call3(
		SYS_sched_getaffinity, 0, sizeof processors->mask, (long)processors->mask);
}

void scheduling_note(void)
{
	processors_read(&at_start);
}

void scheduling_plain(void)
{
	struct processors now;
	struct sched_param none = {0};
	if (sys_call1(SYS_sched_getscheduler, 0) > SCHED_OTHER)
		sys_call3(SYS_sched_setscheduler, 0, SCHED_OTHER, (long)&none);
	processors_read(&now);
	if (at_start.bytes > 0 && now.bytes == at_start.bytes &&
		memcmp(now.mask, at_start.mask, (size_t)now.bytes) != 0)
		sys_call3(SYS_sched_setaffinity, 0, at_start.bytes, (long)at_start.mask);
}
