/*
 * space.c - reads /proc/self/smaps: a line for each mapping, and below it what it holds.
 */
#include "preload/space.h"
#include "preload/array.h"
#include "preload/sys.h"

#include <string.h>

#define WINDOW_BYTES 65536
#define PAGE_BYTES   ((uintptr_t)4096)
#define SPARSE_BYTES ((uintptr_t)16 << 20) /* of less every page counts */
#define WINDOW_PAGES 4096u
#define SLACK	     64 /* ranges that our own memory may add meanwhile */

static struct array ranges_array;
static char window[WINDOW_BYTES + 1];

static const char *hex_read(const char *text, uint64_t *value)
{
	*value = 0;
	for (;; text++) {
		if (*text >= '0' && *text <= '9')
			*value = *value << 4 | (uint64_t)(*text - '0');
		else if (*text >= 'a' && *text <= 'f')
			*value = *value << 4 | (uint64_t)(*text - 'a' + 10);
		else
			return text;
	}
}

static bool begins(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* --- lines ---------------------------------------------------------------------------------------------- */

/* Calls note with each line, terminated; it may return false to end. False unless all lines were read. */
static bool lines_each(const char *path, bool (*note)(char *line, void *context), void *context)
{
	/* A path may be longer than the window: what does not fit is passed over up to its newline. */
	size_t kept = 0;
	long bytes = -1;
	bool skipping = false, going = true;
	int fd = sys_open(AT_FDCWD, path, O_RDONLY, 0);
	while (fd >= 0 && going && (bytes = sys_read(fd, window + kept, WINDOW_BYTES - kept)) > 0) {
		char *at = window, *end;
		kept += (size_t)bytes;
		window[kept] = '\0';
		for (; going && (end = strchr(at, '\n')); at = end + 1) {
			*end = '\0';
			going = skipping || note(at, context);
			skipping = false;
		}
		kept -= (size_t)(at - window);
		memmove(window, at, kept);
		if (kept == WINDOW_BYTES) {
			going = going && (skipping || note(window, context));
			skipping = true;
			kept = 0;
		}
	}
	if (fd >= 0)
		sys_close(fd);
	return going && bytes == 0;
}

/* --- the line of a mapping ------------------------------------------------------------------------------- */

/* Shared memory of no disk: its pages are where they are, or nowhere. */
static bool is_memory_file(const char *path)
{
	return begins(path, "/dev/zero") || begins(path, "/memfd:") || begins(path, "/dev/shm/") ||
	       begins(path, "/SYSV");
}

static enum range_kind kind_of(bool shared, const char *path)
{
	if (begins(path, "[heap]"))
		return RANGE_BREAK;
	if (begins(path, "[stack]"))
		return RANGE_STACK;
	if (begins(path, "[v"))
		return RANGE_KERNEL;
	if (begins(path, "[anon_shmem"))
		return RANGE_SHARED_MEMORY;
	if (begins(path, "anon_inode:"))
		return RANGE_DEVICE;
	if (*path == '/' && !(shared && is_memory_file(path)))
		return shared ? RANGE_SHARED_FILE : RANGE_FILE;
	return shared ? RANGE_SHARED_MEMORY : RANGE_ANONYMOUS;
}

/* "7f31a000-7f31b000 rw-p 00000000 00:00 0    [heap]"; false for a line of another form. */
static bool range_parse(const char *line, struct range *range)
{
	uint64_t start, end;
	const char *at = hex_read(line, &start);
	if (at == line || *at != '-')
		return false;
	at = hex_read(at + 1, &end);
	if (*at != ' ' || strlen(at) < 5)
		return false;
	const char *permissions = at + 1, *path = permissions;
	for (int word = 0; word < 4; word++) {
		path = path ? strchr(path, ' ') : NULL;
		path = path ? path + 1 : NULL;
	}
	for (; path && *path == ' '; path++)
		;
	*range = (struct range){.start = start,
		.end = end,
		.readable = permissions[0] == 'r',
		.writable = permissions[1] == 'w',
		.executable = permissions[2] == 'x',
		.asynchronous = path && begins(path, "/[aio]"),
		.kind = kind_of(permissions[3] == 's', path ? path : "")};
	return true;
}

/* --- what it holds --------------------------------------------------------------------------------------- */

static uint64_t kilobytes_read(const char *text)
{
	uint64_t value = 0;
	for (; *text == ' '; text++)
		;
	for (; *text >= '0' && *text <= '9'; text++)
		value = value * 10 + (uint64_t)(*text - '0');
	return value * 1024;
}

/* Two letters each: Documentation/filesystems/proc.rst. */
static void flags_read(const char *flags, struct range *range)
{
	for (; flags[0] == ' '; flags += 3) {
		const char *flag = flags + 1;
		if (!flag[0] || !flag[1])
			return;
		if (begins(flag, "wf"))
			range->wiped = true;
		else if (begins(flag, "ht"))
			range->huge = true;
		else if ((begins(flag, "io") || begins(flag, "pf")) && range->kind != RANGE_KERNEL)
			range->kind = RANGE_DEVICE;
	}
}

static void detail_read(const char *line, struct range *range)
{
	if (begins(line, "Anonymous:"))
		range->own_bytes += kilobytes_read(line + strlen("Anonymous:"));
	else if (begins(line, "Swap:"))
		range->swapped_bytes = kilobytes_read(line + strlen("Swap:"));
	else if (begins(line, "VmFlags:"))
		flags_read(line + strlen("VmFlags:"), range);
}

static bool smaps_line(char *line, void *context)
{
	struct space *space = context;
	struct range range;
	if (!range_parse(line, &range)) {
		if (space->count)
			detail_read(line, &space->list[space->count - 1]);
		return true;
	}
	if ((space->count + 1) * sizeof range > ranges_array.room)
		return false;
	space->list[space->count++] = range;
	return true;
}

/* What is mapped: bytes, and in how many ranges. */
struct sum {
	uint64_t bytes;
	size_t ranges;
};

static bool maps_line(char *line, void *context)
{
	struct sum *sum = context;
	struct range range;
	if (range_parse(line, &range)) {
		sum->bytes += range.end - range.start;
		sum->ranges++;
	}
	return true;
}

/* The list must not grow while it is read: it would hold the memory that it has left. */
bool space_read(struct space *space)
{
	struct sum sum = {0};
	*space = (struct space){0};
	if (!lines_each("/proc/self/maps", maps_line, &sum) ||
		!array_room(&ranges_array, sum.ranges + SLACK, sizeof(struct range)))
		return false;
	space->list = ranges_array.memory;
	return lines_each("/proc/self/smaps", smaps_line, space) && space->count;
}

uint64_t space_bytes(void)
{
	struct sum sum = {0};
	return lines_each("/proc/thread-self/maps", maps_line, &sum) ? sum.bytes : 0;
}

/* --- touched pages ---------------------------------------------------------------------------------------- */

/* /proc/self/pagemap, Documentation/admin-guide/mm/pagemap.rst: present, swapped. */
static bool page_is_used(uint64_t entry)
{
	return entry >> 62 & 3;
}

/* What note is called for, while pages go by: [begin, end) is not told yet. */
struct touched {
	bool (*note)(void *context, uintptr_t start, uintptr_t end);
	void *context;
	uintptr_t begin, end;
};

static bool touched_flush(struct touched *touched)
{
	bool going = touched->begin == touched->end ||
		     touched->note(touched->context, touched->begin, touched->end);
	touched->begin = touched->end;
	return going;
}

static bool touched_add(struct touched *touched, uintptr_t start, uintptr_t end)
{
	if (touched->end != start) {
		if (!touched_flush(touched))
			return false;
		touched->begin = start;
	}
	touched->end = end;
	return true;
}

/* The pages from *start on that one window shows. False when note said so; *start stays when nothing can be read. */
static bool window_look(int map, uintptr_t *start, uintptr_t end, struct touched *touched)
{
	static uint64_t entries[WINDOW_PAGES];
	uintptr_t first = *start / PAGE_BYTES, pages = (end - 1) / PAGE_BYTES - first + 1;
	pages = pages < WINDOW_PAGES ? pages : WINDOW_PAGES;
	long bytes = sys_call4(SYS_pread64, map, (long)entries, (long)(pages * sizeof *entries),
		(long)(first * sizeof *entries));
	for (long i = 0; i < bytes / (long)sizeof *entries; i++) {
		uintptr_t stop = (first + (uintptr_t)i + 1) * PAGE_BYTES;
		stop = stop < end ? stop : end;
		if (page_is_used(entries[i]) && !touched_add(touched, *start, stop))
			return false;
		*start = stop;
	}
	return true;
}

bool space_touched(uintptr_t start, uintptr_t end,
	bool (*note)(void *context, uintptr_t start, uintptr_t end), void *context)
{
	struct touched touched = {note, context, start, start};
	int map = end - start < SPARSE_BYTES
			  ? -1
			  : sys_open(AT_FDCWD, "/proc/self/pagemap", O_RDONLY, 0);
	bool going = true;
	for (uintptr_t before = 0; map >= 0 && going && start < end && before != start;) {
		before = start;
		going = window_look(map, &start, end, &touched);
	}
	if (map >= 0)
		sys_close(map);
	if (going && start < end)
		going = touched_add(&touched, start, end);
	return going && touched_flush(&touched);
}

const struct range *space_find(const struct space *space, uintptr_t address)
{
	size_t low = 0, high = space->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (space->list[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < space->count && space->list[low].start <= address ? &space->list[low] : NULL;
}

void space_forget(void)
{
	ranges_array = (struct array){0};
}
