/*
 * cmd_ps.c - leakwatch ps: the preloaded processes, one a line.
 *
 * Every control socket in the directories of this user (for root: of all) is asked for its status. One
 * that nobody listens on any more is passed over, and removed if its process is gone and it is ours.
 */
#include "analyzer/client.h"
#include "analyzer/commands.h"
#include "analyzer/directory.h"
#include "analyzer/memory.h"
#include "analyzer/percent.h"
#include "analyzer/procfs.h"
#include "analyzer/say.h"
#include "analyzer/words.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATUS_TIMEOUT_MS 1000 /* for each of maybe many */

static const char help[] = "Usage: leakwatch ps\n"
			   "Lists the processes that run with libleakwatch.so and have created a "
			   "thread; for root, those\n"
			   "of all users.\n"
			   "\n"
			   "  -h, --help  show this\n"
			   "\n"
			   "Exit code: 1 if there is none, 2 if the arguments are unusable.\n";

static const struct option options[] = {
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

struct row {
	struct client_status status; /* of a process that does not answer: pid and comm only */
	const char *trouble; /* in place of numbers; NULL: there are numbers */
};

struct process_table {
	struct pool *pool;
	struct rows rows;
};

static void remove_stale(const struct directory *directory, pid_t pid)
{
	struct procfs_uids uids;
	if (procfs_uids(pid, &uids) < 0 && directory->owner == geteuid())
		directory_socket_remove(directory, pid);
}

/* What the table says of a process that gave no status; NULL: it is left out. */
static const char *trouble_words(enum client_result result)
{
	switch (result) {
	case CLIENT_SILENT:
		return "not answering";
	case CLIENT_MALFORMED:
	case CLIENT_REFUSED:
		return "answers nonsense";
	default: /* gone meanwhile, or not what the socket's name says */
		return NULL;
	}
}

static void add_row(
	struct process_table *table, const struct client_status *status, const char *trouble)
{
	struct row *row = rows_add(&table->rows, table->pool);
	row->status = *status;
	row->trouble = trouble;
}

static void ask_one(struct process_table *table, const struct directory *directory, pid_t pid)
{
	struct client_status status = {.pid = pid};
	enum client_result result = client_status(directory, pid, STATUS_TIMEOUT_MS, &status);
	const char *trouble = trouble_words(result);
	if (result == CLIENT_OK)
		add_row(table, &status, NULL);
	else if (result == CLIENT_STALE)
		remove_stale(directory, pid);
	else if (trouble && procfs_comm(pid, status.comm, sizeof status.comm) == 0)
		add_row(table, &status, trouble);
}

static void ask_all(struct process_table *table, const struct directory *directory)
{
	struct directory_sockets sockets;
	if (directory_sockets_list(directory, &sockets) < 0) {
		warn("ps: cannot list %s: %s", directory->path, strerror(errno));
		return;
	}
	for (size_t i = 0; i < sockets.count; i++)
		ask_one(table, directory, sockets.pids[i]);
	directory_sockets_free(&sockets);
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	return (x->status.pid > y->status.pid) - (x->status.pid < y->status.pid);
}

static void print_row(struct pool *pool, struct row *row)
{
	struct client_status *status = &row->status;
	percent_printable(status->comm);
	if (row->trouble) {
		printf("%8d  %-16s  %s\n", (int)status->pid, status->comm, row->trouble);
		return;
	}
	const char *oldest =
		status->oldest_ns < 0 ? "-" : words_of_duration(pool, (uint64_t)status->oldest_ns);
	printf("%8d  %-16s %8" PRIu64 " %8" PRIu64 "  %12s %6" PRIu64 "\n", (int)status->pid,
		status->comm, status->threads, status->blocked, oldest, status->dumps);
}

static void print_table(struct process_table *table)
{
	struct row *rows = table->rows.items;
	qsort(rows, table->rows.count, sizeof *rows, compare_rows);
	printf("%8s  %-16s %8s %8s  %12s %6s\n", "PID", "PROGRAM", "THREADS", "BLOCKED",
		"OLDEST WAIT", "DUMPS");
	for (size_t i = 0; i < table->rows.count; i++)
		print_row(table->pool, &rows[i]);
}

/* Whether to go on: false after --help. */
static bool parse_options(int argc, char **argv)
{
	static char name[] = "leakwatch ps"; /* for getopt's own messages */
	argv[0] = name;
	optind = 0;
	for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
		if (option != 'h')
			exit(EXIT_UNUSABLE);
		return false;
	}
	if (optind < argc)
		die("ps: unexpected argument %s; see leakwatch ps --help", argv[optind]);
	return true;
}

int cmd_ps(int argc, char **argv)
{
	if (!parse_options(argc, argv)) {
		fputs(help, stdout);
		return EXIT_OK;
	}
	struct directories all;
	if (directories_open_all(&all) < 0)
		die("ps: %s", strerror(errno));
	struct process_table table = {
		.pool = pool_new(),
		.rows = {.item_bytes = sizeof(struct row)},
	};
	for (size_t i = 0; i < all.count; i++)
		ask_all(&table, &all.directories[i]);
	directories_close(&all);
	bool any = table.rows.count > 0;
	if (any)
		print_table(&table);
	else
		warn("ps: no process runs with libleakwatch.so");
	pool_free(table.pool);
	return any ? EXIT_OK : EXIT_NOTHING;
}
