/*
 * kerneltimers.c - /proc/PID/timers and /proc/PID/fdinfo/FD.
 */
#include "preload/kerneltimers.h"
#include "preload/peek.h"
#include "preload/proc.h"
#include "preload/sys.h"
#include "preload/text.h"

#include <linux/kcmp.h>
#include <signal.h>
#include <string.h>

#define LIST_BYTES                                                                                 \
	65536 /* some 700 timers: the kernel holds a lock of the process while it writes a page */

/* The decimal number behind name, in the text up to its end or limit. False if it is not there. */
static bool number_behind(const char *text, const char *limit, const char *name, uint64_t *number)
{
	const char *at = strstr(text, name);
	if (!at || (limit && at >= limit))
		return false;
	for (at += strlen(name); *at == ' ' || *at == '\t';)
		at++;
	*number = 0;
	for (; *at >= '0' && *at <= '9'; at++)
		*number = *number * 10 + (uint64_t)(*at - '0');
	return true;
}

static bool has(const char *text, const char *limit, const char *word)
{
	const char *at = strstr(text, word);
	return at && (!limit || at < limit);
}

/*
 * ID: 0
 * signal: 10/0000000000000000
 * notify: signal/tid.4712
 * ClockID: 1
 */
static bool entry_read(const char *text, const char *limit, struct kernel_timer *timer)
{
	uint64_t id, thread = 0, clock;
	if (!number_behind(text, limit, "ID: ", &id) ||
		!number_behind(text, limit, "ClockID: ", &clock))
		return false;
	*timer = (struct kernel_timer){.id = (int)id, .clock = (int)clock, .notify = SIGEV_SIGNAL};
	if (has(text, limit, "notify: none"))
		timer->notify = SIGEV_NONE;
	else if (number_behind(text, limit, "/tid.", &thread))
		timer->notify = SIGEV_THREAD_ID;
	timer->thread = (int)thread;
	return true;
}

bool kernel_timers_list(struct kernel_timer *timers, size_t room, size_t *count)
{
	static char text[LIST_BYTES];
	long bytes = proc_read_process("timers", text, sizeof text);
	*count = 0;
	if (bytes < 0)
		return false;
	for (const char *at = text; at && *at && *count < room;) {
		const char *next = strstr(at + 1, "\nID: ");
		*count += entry_read(at, next, &timers[*count]);
		at = next ? next + 1 : NULL;
	}
	return *count < room && (size_t)bytes < sizeof text - 1;
}

bool timerfd_look(int tid, int fd, struct timerfd *timerfd)
{
	static const char interval[] = "it_interval: (";
	char path[40], text[512];
	uint64_t seconds, rest = 0, clock = 0;
	text_copy_u64(text_copy(path, "fdinfo/"), (unsigned)fd);
	if (proc_read(tid, path, text, sizeof text) <= 0 ||
		!number_behind(text, NULL, interval, &seconds))
		return false;
	const char *comma = strchr(strstr(text, interval), ',');
	*timerfd = (struct timerfd){0};
	if (comma)
		number_behind(comma, NULL, ",", &rest);
	number_behind(text, NULL, "clockid:", &clock);
	number_behind(text, NULL, "ticks:", &timerfd->unread);
	timerfd->period_ns = seconds * 1000000000u + rest;
	timerfd->clock = (int)clock;
	return true;
}

bool descriptors_same(int tid, int fd, int other)
{
	return !peek_filtered() && sys_call6(SYS_kcmp, tid, tid, KCMP_FILE, fd, other, 0) == 0;
}
