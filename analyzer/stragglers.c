/*
 * stragglers.c - asks every socket of the directory whether somebody is there, and every process whether it was started with the
 * directory, again and again.
 *
 * A process that ends takes its last dump before its socket goes. One that was killed leaves a socket on which nobody
 * answers. One that was forked a moment ago may have none yet; one without threads never has, and is not told of. Processes hide
 * what they were started with by writing over it, so neither question does without the other.
 */
#include "analyzer/stragglers.h"
#include "analyzer/client.h"
#include "analyzer/procfs.h"
#include "analyzer/say.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_MS 1000
#define PAUSE_MS  20

static bool is_there(const struct directory *directory, pid_t pid)
{
	struct client_status status;
	enum client_result result = client_status(directory, pid, ANSWER_MS, &status);
	return result == CLIENT_OK || result == CLIENT_SILENT || result == CLIENT_CUT_SHORT;
}

static void straggler_tell(pid_t pid)
{
	char comm[64];
	if (procfs_comm(pid, comm, sizeof comm) < 0)
		strcpy(comm, "?");
	warn("run: process %d (%s) still runs: not judged", (int)pid, comm);
}

/* How many there are; told of, if that is asked. */
static size_t stragglers_count(const struct directory *directory, bool tell)
{
	struct directory_sockets sockets;
	size_t count = 0;
	if (directory_sockets_list(directory, &sockets))
		return 0;
	for (size_t i = 0; i < sockets.count; i++) {
		if (!is_there(directory, sockets.pids[i]))
			continue;
		if (tell)
			straggler_tell(sockets.pids[i]);
		count++;
	}
	directory_sockets_free(&sockets);
	return count;
}

/* Whether any process but this one lives that was started with the directory. */
static bool any_started(const struct directory *directory)
{
	char path[PATH_MAX];
	pid_t *pids;
	size_t count;
	bool found = false;
	if (procfs_pids(&pids, &count) < 0)
		return false;
	for (size_t i = 0; i < count && !found; i++)
		found = pids[i] != getpid() &&
			procfs_environment(pids[i], "LEAKWATCH_DIR", path) == 0 &&
			!strcmp(path, directory->path);
	free(pids);
	return found;
}

size_t stragglers_await(const struct directory *directory, int limit_ms)
{
	for (int waited = 0; waited < limit_ms; waited += PAUSE_MS) {
		if (!stragglers_count(directory, false) && !any_started(directory))
			return 0;
		usleep(PAUSE_MS * 1000);
	}
	return stragglers_count(directory, true);
}
