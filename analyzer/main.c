/*
 * main.c - leakwatch COMMAND ...: finds the command and leaves the rest to its cmd_NAME.c.
 */
#include "analyzer/commands.h"
#include "analyzer/say.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
	"Usage: leakwatch COMMAND [ARGUMENT...]\n"
	"Shows the threads of a program that are blocked: where, on what, since when, and who\n"
	"created them.\n"
	"\n"
	"  run      start a program under the shim\n"
	"  ps       list the processes that run under it\n"
	"  dump     take a dump of a process, now\n"
	"  report   explain a dump\n"
	"  diff     compare two dumps\n"
	"\n"
	"  -h, --help     show this; leakwatch COMMAND --help shows a command's own\n"
	"  -V, --version  show the version\n"
	"\n"
	"Exit code: 1 if there is nothing to show, 2 if arguments or input are unusable.\n";

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"run", cmd_run},
	{"ps", cmd_ps},
	{"dump", cmd_dump},
	{"report", cmd_report},
	{"diff", cmd_diff},
};

static bool is_either(const char *text, const char *one, const char *other)
{
	return !strcmp(text, one) || !strcmp(text, other);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		die("no command; see leakwatch --help");
	if (is_either(argv[1], "-h", "--help"))
		return fputs(help, stdout) < 0 ? EXIT_UNUSABLE : EXIT_OK;
	if (is_either(argv[1], "-V", "--version"))
		return puts("leakwatch " LEAKWATCH_VERSION) < 0 ? EXIT_UNUSABLE : EXIT_OK;
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	die("%s: no such command; see leakwatch --help", argv[1]);
}
