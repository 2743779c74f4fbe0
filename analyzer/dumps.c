/*
 * dumps.c - names -> dumps, over the reader, the directory and the client.
 *
 * A directory is in use while it is read: an older dump that was removed or cannot be read is left
 * out with a warning. What a person named must be readable.
 */
#include "analyzer/dumps.h"
#include "analyzer/change.h"
#include "analyzer/client.h"
#include "analyzer/directory.h"
#include "analyzer/number.h"
#include "analyzer/say.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum dumps_result complain(
	struct complaint *complaint, enum dumps_result result, const char *name, const char *reason)
{
	snprintf(complaint->words, COMPLAINT_BYTES, "%.300s: %s", name, reason);
	return result;
}

static enum dumps_result dump_keep(struct dumps *dumps, struct dump *dump)
{
	if (dumps->count == dumps->room) {
		size_t room = dumps->room ? 2 * dumps->room : 8;
		struct dump **list = reallocarray(dumps->list, room, sizeof(*list));
		if (!list)
			bug("out of memory for %zu dumps", room);
		dumps->list = list;
		dumps->room = room;
	}
	dumps->list[dumps->count++] = dump;
	return DUMPS_OK;
}

static enum dumps_result file_add(
	struct dumps *dumps, const char *file, struct complaint *complaint)
{
	struct dump *dump;
	if (reader_read_file(file, &dump, complaint))
		return DUMPS_UNUSABLE;
	return dump_keep(dumps, dump);
}

/* --- directories ---------------------------------------------------------------------------------- */

static enum dumps_result entry_add(struct dumps *dumps, const struct directory *directory,
	const struct directory_dump *entry, struct complaint *complaint)
{
	char path[PATH_MAX];
	if (directory_file_path(directory, entry->name, path))
		return complain(complaint, DUMPS_UNUSABLE, directory->path, strerror(errno));
	return file_add(dumps, path, complaint);
}

static size_t same_process_count(const struct directory_dumps *list)
{
	size_t count = 0;
	while (count < list->count &&
		directory_dump_same_process(&list->dumps[count], &list->dumps[0]))
		count++;
	return count;
}

static void older_add(
	struct dumps *dumps, const struct directory *directory, const struct directory_dump *entry)
{
	struct complaint complaint;
	/* A process that runs removes its oldest dumps while they are read. */
	if (entry_add(dumps, directory, entry, &complaint) &&
		!faccessat(directory->fd, entry->name, F_OK, 0))
		warn("%s: left out", complaint.words);
}

/* Who reads the dumps of a directory sees one process of it. */
static void others_tell(
	const struct directory *directory, const struct directory_dumps *list, size_t count)
{
	size_t others = 0;
	for (size_t i = count; i < list->count; i++)
		others += !directory_dump_same_process(&list->dumps[i], &list->dumps[i - 1]);
	if (others)
		warn("%s: this is process %d (%s), which wrote last; there are dumps of %zu "
		     "other%s",
			directory->path, (int)list->dumps[0].pid, list->dumps[0].comm, others,
			others == 1 ? "" : "s");
}

static enum dumps_result list_add(struct dumps *dumps, const struct directory *directory,
	const struct directory_dumps *list, bool older, struct complaint *complaint)
{
	if (!list->count)
		return complain(
			complaint, DUMPS_NOTHING, directory->path, "there is no dump in it");
	enum dumps_result result = entry_add(dumps, directory, &list->dumps[0], complaint);
	size_t count = older && !result ? same_process_count(list) : 1;
	if (older && !result)
		others_tell(directory, list, count);
	for (size_t i = 1; i < count; i++)
		older_add(dumps, directory, &list->dumps[i]);
	return result;
}

static enum dumps_result directory_add(
	struct dumps *dumps, struct directory *directory, bool older, struct complaint *complaint)
{
	struct directory_dumps list;
	enum dumps_result result;
	if (directory_dumps_list(directory, &list)) {
		result = complain(complaint, DUMPS_UNUSABLE, directory->path, strerror(errno));
	} else {
		result = list_add(dumps, directory, &list, older, complaint);
		directory_dumps_free(&list);
	}
	directory_close(directory);
	return result;
}

enum dumps_result dumps_add_newest(struct dumps *dumps, struct complaint *complaint)
{
	struct directory directory;
	if (!directory_open_own(&directory))
		return directory_add(dumps, &directory, false, complaint);
	if (errno == ENOENT)
		return complain(complaint, DUMPS_NOTHING, directory.path,
			"no dump was ever written here: there is no such directory");
	return complain(complaint, DUMPS_UNUSABLE, directory.path, strerror(errno));
}

static enum dumps_result named_directory_add(
	struct dumps *dumps, const char *name, struct complaint *complaint)
{
	struct directory directory;
	if (directory_open(name, &directory))
		return complain(complaint, DUMPS_UNUSABLE, name, strerror(errno));
	return directory_add(dumps, &directory, true, complaint);
}

/* --- processes ------------------------------------------------------------------------------------ */

static enum dumps_result client_complain(
	struct complaint *complaint, pid_t pid, enum client_result result)
{
	bool nothing = result == CLIENT_NO_PROCESS || result == CLIENT_NOT_PRELOADED ||
		       result == CLIENT_STALE;
	snprintf(complaint->words, COMPLAINT_BYTES, "report: cannot ask process %d: %.300s",
		(int)pid, client_words(result));
	return nothing ? DUMPS_NOTHING : DUMPS_UNUSABLE;
}

static bool is_older(const struct directory_dump *entry, const struct dump *fresh)
{
	return fresh->pid.value == (uint64_t)entry->pid &&
	       fresh->start_ticks.value == entry->start_ticks && fresh->comm &&
	       !strcmp(entry->comm, fresh->comm) && entry->sequence < fresh->sequence.value;
}

/* The older dumps of a process, from where it has stored this one. Without them the report is about less. */
static void stored_add(struct dumps *dumps, const struct dump *fresh, const char *path)
{
	struct directory directory;
	struct directory_dumps list;
	char *folder = strdup(path);
	char *slash = folder ? strrchr(folder, '/') : NULL;
	if (slash)
		*slash = '\0';
	if (slash && !directory_open(folder, &directory)) {
		if (!directory_dumps_list(&directory, &list)) {
			for (size_t i = 0; i < list.count; i++)
				if (is_older(&list.dumps[i], fresh))
					older_add(dumps, &directory, &list.dumps[i]);
			directory_dumps_free(&list);
		}
		directory_close(&directory);
	}
	free(folder);
}

static enum dumps_result process_add(struct dumps *dumps, pid_t pid, struct complaint *complaint)
{
	struct client_dump fresh = {0};
	enum client_result asked =
		dumps->prove ? client_prove(NULL, pid, CLIENT_PROVE_TIMEOUT_MS, &fresh)
			     : client_dump(NULL, pid, CLIENT_TIMEOUT_MS, &fresh);
	if (asked != CLIENT_OK)
		return client_complain(complaint, pid, asked);
	char name[64];
	struct dump *dump;
	snprintf(name, sizeof(name), "dump of process %d", (int)pid);
	int result = reader_read(
		fresh.path ? fresh.path : name, fresh.text, fresh.bytes, &dump, complaint);
	if (!result)
		dump_keep(dumps, dump);
	if (!result && dumps->prove && !dump->has_proof)
		warn("report: process %d took a dump without a proof", (int)pid);
	if (!result && fresh.path)
		stored_add(dumps, dump, fresh.path);
	client_dump_free(&fresh);
	return result ? DUMPS_UNUSABLE : DUMPS_OK;
}

/* --- names ---------------------------------------------------------------------------------------- */

enum dumps_result dumps_add_named(
	struct dumps *dumps, const char *name, struct complaint *complaint)
{
	struct stat status;
	uint64_t pid;
	bool exists = !stat(name, &status);
	if (dumps->prove && (exists || number_parse(name, INT_MAX, &pid) || !pid))
		return complain(complaint, DUMPS_UNUSABLE, name,
			"--prove asks a process, and this is none");
	if (exists && S_ISDIR(status.st_mode))
		return named_directory_add(dumps, name, complaint);
	if (!exists && !number_parse(name, INT_MAX, &pid) && pid)
		return process_add(dumps, (pid_t)pid, complaint);
	return file_add(dumps, name, complaint);
}

static int dump_compare(const void *a, const void *b)
{
	const struct dump *one = *(struct dump *const *)a, *other = *(struct dump *const *)b;
	if (one->sequence.value != other->sequence.value)
		return one->sequence.value < other->sequence.value ? -1 : 1;
	return (one->time_ns.value > other->time_ns.value) -
	       (one->time_ns.value < other->time_ns.value);
}

enum dumps_result dumps_sort(struct dumps *dumps, struct complaint *complaint)
{
	for (size_t i = 1; i < dumps->count; i++) {
		if (change_same_process(dumps->list[0], dumps->list[i]))
			continue;
		snprintf(complaint->words, COMPLAINT_BYTES,
			"report: %.180s and %.180s are not dumps of the same process",
			dumps->list[0]->file, dumps->list[i]->file);
		return DUMPS_UNUSABLE;
	}
	if (dumps->count)
		qsort(dumps->list, dumps->count, sizeof(*dumps->list), dump_compare);
	return DUMPS_OK;
}

void dumps_free(struct dumps *dumps)
{
	for (size_t i = 0; i < dumps->count; i++)
		dump_free(dumps->list[i]);
	free(dumps->list);
	*dumps = (struct dumps){0};
}
