/*
 * cmd_dump.c - leakwatch dump: has a process take a dump now.
 *
 * With -o, the file appears whole or not at all: the dump goes to a new file of mode 0600 beside it,
 * which is then renamed. Refuses to replace anything but a regular file.
 */
#include "analyzer/client.h"
#include "analyzer/commands.h"
#include "analyzer/number.h"
#include "analyzer/percent.h"
#include "analyzer/say.h"
#include "preload/contract/dump.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
	"Usage: leakwatch dump [--prove] [-o FILE] PID\n"
	"Has process PID take a dump now, and prints where it is stored.\n"
	"\n"
	"  -o, --output=FILE  write the dump to FILE as well and print that; - is stdout\n"
	"  -p, --prove        prove which waits can never end: takes some seconds\n"
	"  -h, --help         show this\n"
	"\n"
	"Exit code: 1 if the process does not run or has no watcher; 2 for any other failure.\n";

static const struct option options[] = {
	{"output", required_argument, NULL, 'o'},
	{"prove", no_argument, NULL, 'p'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* --- the output file ------------------------------------------------------------------------------- */

static int write_all(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t written = write(fd, bytes, size);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -1;
		bytes += written;
		size -= (size_t)written;
	}
	return 0;
}

/* A rename would replace a device or a link just as well. */
static void check_output(const char *path)
{
	struct stat status;
	if (lstat(path, &status) == 0 && !S_ISREG(status.st_mode))
		die("dump: cannot write %s: it is there and is not a regular file", path);
}

/* Writes the name of a temporary file beside PATH, a pattern of mkostemp(). */
static int temporary_name(const char *path, char name[static PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	int directory = slash ? (int)(slash - path) + 1 : 0;
	int length = snprintf(name, PATH_MAX, "%.*s.leakwatch-dump.XXXXXX", directory, path);
	errno = ENAMETOOLONG;
	return length < PATH_MAX ? 0 : -1;
}

static int write_file(const char *path, const struct client_dump *dump)
{
	char name[PATH_MAX];
	if (temporary_name(path, name) < 0)
		return -1;
	int fd = mkostemp(name, O_CLOEXEC); /* O_EXCL, so no link is followed; 0600 */
	if (fd < 0)
		return -1;
	int result = write_all(fd, dump->text, dump->bytes);
	if (close(fd) < 0 || result < 0 || rename(name, path) < 0) {
		int error = errno;
		unlink(name);
		errno = error;
		return -1;
	}
	return 0;
}

/* --- the command ----------------------------------------------------------------------------------- */

static void print_path(char *path)
{
	puts(percent_printable(path));
}

static void deliver(pid_t pid, struct client_dump *dump, char *output)
{
	if (!output && !dump->path)
		die("dump: process %d could not store its dump; use -o FILE", (int)pid);
	if (!output) {
		print_path(dump->path);
	} else if (strcmp(output, "-") == 0) {
		if (write_all(STDOUT_FILENO, dump->text, dump->bytes) < 0)
			die("dump: cannot write to stdout: %s", strerror(errno));
	} else {
		if (write_file(output, dump) < 0)
			die("dump: cannot write %s: %s", output, strerror(errno));
		print_path(output);
	}
}

static int failure_code(enum client_result result)
{
	bool nothing = result == CLIENT_NO_PROCESS || result == CLIENT_NOT_PRELOADED ||
		       result == CLIENT_STALE;
	return nothing ? EXIT_NOTHING : EXIT_UNUSABLE;
}

struct settings {
	char *output; /* NULL: the dump stays where the process has stored it */
	bool prove;
	bool help;
};

static struct settings parse_options(int argc, char **argv)
{
	static char name[] = "leakwatch dump"; /* for getopt's own messages */
	struct settings settings = {0};
	argv[0] = name;
	optind = 0;
	for (int option; (option = getopt_long(argc, argv, "o:ph", options, NULL)) != -1;) {
		if (option == 'o')
			settings.output = optarg;
		else if (option == 'p')
			settings.prove = true;
		else if (option == 'h')
			settings.help = true;
		else
			exit(EXIT_UNUSABLE);
	}
	return settings;
}

static pid_t parse_pid(int argc, char **argv)
{
	uint64_t pid;
	if (optind == argc)
		die("dump: no process id; see leakwatch dump --help");
	if (optind + 1 < argc)
		die("dump: unexpected argument %s; see leakwatch dump --help", argv[optind + 1]);
	if (number_parse(argv[optind], INT_MAX, &pid) < 0 || pid == 0)
		die("dump: %s is not a process id", argv[optind]);
	return (pid_t)pid;
}

static enum client_result ask(pid_t pid, bool prove, struct client_dump *dump)
{
	if (!prove)
		return client_dump(NULL, pid, CLIENT_TIMEOUT_MS, dump);
	enum client_result result = client_prove(NULL, pid, CLIENT_PROVE_TIMEOUT_MS, dump);
	if (result == CLIENT_OK && !strstr(dump->text, DUMP_SECTION_PROOF))
		warn("dump: process %d took a dump without a proof", (int)pid);
	return result;
}

int cmd_dump(int argc, char **argv)
{
	struct client_dump dump = {0};
	struct settings settings = parse_options(argc, argv);
	if (settings.help) {
		fputs(help, stdout);
		return EXIT_OK;
	}
	pid_t pid = parse_pid(argc, argv);
	if (settings.output && strcmp(settings.output, "-") != 0)
		check_output(settings.output);
	enum client_result result = ask(pid, settings.prove, &dump);
	if (result != CLIENT_OK) {
		warn("dump: cannot ask process %d: %s", (int)pid, client_words(result));
		return failure_code(result);
	}
	deliver(pid, &dump, settings.output);
	client_dump_free(&dump);
	return EXIT_OK;
}
