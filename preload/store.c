/*
 * store.c - keeps the newest dumps of this process in a directory.
 *
 * The directory is held open: a later chroot or an unreadable parent does not matter. When it is gone, or
 * the process has changed its user, it is looked for again by name.
 */
#include "preload/store.h"
#include "preload/config.h"
#include "preload/sys.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define NAME_BYTES	128
#define SEQUENCE_DIGITS 6

uint64_t store_unwritten, store_refused;

static struct {
	int fd;
	char path[sizeof config.directory];
	char stem[64]; /* COMM-PID-STARTTICKS- */
} store = {.fd = -1};

void store_begin(const char *process_name, int pid, uint64_t start_ticks)
{
	char *at = store.stem;
	for (const char *from = process_name; *from; from++) {
		bool plain = (*from >= '0' && *from <= '9') || (*from >= 'a' && *from <= 'z') ||
			     (*from >= 'A' && *from <= 'Z') || *from == '_' || *from == '.';
		*at++ = plain && !(from == process_name && *from == '.') ? *from : '_';
	}
	at = text_copy(at, "-");
	at = text_copy_u64(at, (uint64_t)pid);
	at = text_copy(at, "-");
	at = text_copy_u64(at, start_ticks);
	text_copy(at, "-");
	store.fd = -1;
	store_unwritten = store_refused = 0;
}

const char *store_path(void)
{
	return store.path;
}

/* Whether the default directory is ours alone: in /tmp, anybody may have made it first. */
static bool directory_private(int fd, uint32_t user)
{
	struct stat status;
	return sys_call4(SYS_newfstatat, fd, (long)"", (long)&status, AT_EMPTY_PATH) == 0 &&
	       status.st_uid == user && !(status.st_mode & 077);
}

static int directory_open(void)
{
	uint32_t user = (uint32_t)sys_call0(SYS_geteuid);
	bool given = config.directory[0] != '\0';
	if (given)
		strcpy(store.path, config.directory);
	else
		text_copy_u64(text_copy(store.path, "/tmp/leakwatch-"), user);
	sys_call3(SYS_mkdirat, AT_FDCWD, (long)store.path, 0700);
	int fd = sys_open(
		AT_FDCWD, store.path, O_RDONLY | O_DIRECTORY | (given ? 0 : O_NOFOLLOW), 0);
	if (fd < 0)
		return fd;
	if (given || directory_private(fd, user))
		return fd;
	sys_close(fd);
	return -EPERM;
}

int store_directory(void)
{
	if (store.fd >= 0)
		return store.fd;
	store.fd = directory_open();
	if (store.fd < 0)
		store_refused++;
	return store.fd;
}

void store_forget(void)
{
	if (store.fd >= 0)
		sys_close(store.fd);
	store.fd = -1;
}

static void name_of(char *name, const char *prefix, uint64_t sequence)
{
	char *at = text_copy(text_copy(name, prefix), store.stem), digits[24];
	size_t count = (size_t)(text_copy_u64(digits, sequence) - digits);
	for (size_t i = count; i < SEQUENCE_DIGITS; i++)
		at = text_copy(at, "0");
	text_copy(text_copy(at, digits), ".dump");
}

static long bytes_write(int fd, const char *bytes, size_t count)
{
	while (count) {
		long written = sys_write(fd, bytes, count);
		if (written == -EINTR)
			continue;
		if (written <= 0)
			return written ? written : -ENOSPC;
		bytes += written;
		count -= (size_t)written;
	}
	return 0;
}

static int file_create(const char *name)
{
	int fd = sys_open(store.fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (fd != -EEXIST)
		return fd;
	/* Left by a process of the same number that was killed in the middle of a dump. */
	sys_call3(SYS_unlinkat, store.fd, (long)name, 0);
	return sys_open(store.fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
}

static int file_write(const struct text *text, const char *temporary, const char *name)
{
	int fd = file_create(temporary);
	if (fd < 0)
		return fd;
	long error = bytes_write(fd, text->bytes, text->count);
	sys_close(fd);
	if (!error)
		error = sys_call4(SYS_renameat, store.fd, (long)temporary, store.fd, (long)name);
	if (error)
		sys_call3(SYS_unlinkat, store.fd, (long)temporary, 0);
	return (int)error;
}

static void oldest_remove(uint64_t sequence)
{
	char name[NAME_BYTES];
	if (!config.keep || sequence <= config.keep)
		return;
	name_of(name, "", sequence - config.keep);
	sys_call3(SYS_unlinkat, store.fd, (long)name, 0);
}

static int dump_try(const struct text *text, const char *temporary, const char *name)
{
	int fd = store_directory();
	return fd < 0 ? fd : file_write(text, temporary, name);
}

int store_dump(const struct text *text, uint64_t sequence, char *path)
{
	char name[NAME_BYTES], temporary[NAME_BYTES];
	name_of(name, "", sequence);
	name_of(temporary, ".", sequence);
	int error = dump_try(text, temporary, name);
	if (error == -ENOENT || error == -EACCES || error == -EPERM) {
		/* The directory went, or the process became another user: look again. */
		store_forget();
		error = dump_try(text, temporary, name);
	}
	if (error) {
		store_unwritten++;
		return error;
	}
	text_copy(text_copy(text_copy(path, store.path), "/"), name);
	oldest_remove(sequence);
	return 0;
}
