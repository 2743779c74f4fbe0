/*
 * cmd_run.c - leakwatch run: starts a program under the shim.
 *
 * It becomes the program (execve), so there is nothing to pass through: the same process id, the same
 * signals, terminal and parent, and the program's own exit code. The program is looked at first,
 * because the loader says little or nothing when it does not preload.
 */
#include "analyzer/commands.h"
#include "analyzer/ldpreload.h"
#include "analyzer/number.h"
#include "analyzer/say.h"
#include "analyzer/target.h"
#include "analyzer/trial.h"
#include "preload/contract/environment.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
	"Usage: leakwatch run [OPTION...] [--] COMMAND [ARGUMENT...]\n"
	"Runs COMMAND with libleakwatch.so preloaded. It keeps its process id, signals and exit "
	"code.\n"
	"\n"
	"      --interval=SECONDS  time between dumps (60); 0: none by time\n"
	"      --dir=DIR           where dumps and the control socket go (/tmp/leakwatch-UID)\n"
	"      --keep=N            dumps kept of one process, the newest (60); 0: all\n"
	"      --at-exit           take a dump when the program exits\n"
	"      --prove-every=N     of the dumps by time, each Nth proves which waits can never "
	"end\n"
	"      --fail-on=leak      judge what is alive when the program ends: exit code 1 and a\n"
	"                          report on stderr if a leak is proven; leak:likely: or likely\n"
	"      --suppressions=FILE rules for what --fail-on passes over\n"
	"      --threshold=NAME=VALUE  another number from when on a verdict speaks\n"
	"  -h, --help              show this\n"
	"\n"
	"Exit code: that of COMMAND; 2 if it could not be run under the shim; 1 if --fail-on "
	"found\n"
	"a leak and COMMAND ended with 0.\n";

static const struct option options[] = {
	{"interval", required_argument, NULL, 'i'},
	{"dir", required_argument, NULL, 'd'},
	{"keep", required_argument, NULL, 'k'},
	{"at-exit", no_argument, NULL, 'x'},
	{"prove-every", required_argument, NULL, 'p'},
	{"fail-on", required_argument, NULL, 'f'},
	{"suppressions", required_argument, NULL, 's'},
	{"threshold", required_argument, NULL, 't'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* What the options say besides the environment. */
struct settings {
	struct trial trial;
	bool judges; /* the program is a child, and judged */
	bool has_directory, has_thresholds;
	bool help;
};

static void set_environment(const char *name, const char *value)
{
	if (setenv(name, value, 1) < 0)
		die("run: cannot set %s: %s", name, strerror(errno));
}

/* The shim reads "60" and "0.5", and keeps its default for anything else, which would be silent. */
static bool is_seconds(const char *text)
{
	char whole[16];
	uint64_t seconds;
	size_t digits = strspn(text, "0123456789");
	if (digits >= sizeof whole)
		return false;
	snprintf(whole, sizeof whole, "%.*s", (int)digits, text);
	if (number_parse(whole, ENVIRONMENT_SECONDS_MAX, &seconds) < 0)
		return false;
	text += digits;
	return !*text || (*text == '.' && !text[1 + strspn(text + 1, "0123456789")]);
}

static void set_interval(const char *text)
{
	if (!is_seconds(text))
		die("run: --interval=%s: not a number of seconds, or more than a year", text);
	set_environment("LEAKWATCH_INTERVAL", text);
}

static void set_keep(const char *text)
{
	uint64_t keep;
	if (number_parse(text, ENVIRONMENT_KEEP_MAX, &keep) < 0)
		die("run: --keep=%s: not a number of dumps", text);
	set_environment("LEAKWATCH_KEEP", text);
}

static void set_prove_every(const char *text)
{
	uint64_t every;
	if (number_parse(text, ENVIRONMENT_KEEP_MAX, &every) < 0)
		die("run: --prove-every=%s: not a number of dumps", text);
	set_environment("LEAKWATCH_PROVE_EVERY", text);
}

/* Absolute, because the program may change its directory; there, so that a mistake shows now. */
static void set_directory(const char *text)
{
	char path[PATH_MAX];
	struct stat status;
	if (mkdir(text, 0700) < 0 && errno != EEXIST)
		die("run: --dir=%s: %s", text, strerror(errno));
	if (!realpath(text, path) || stat(path, &status) < 0)
		die("run: --dir=%s: %s", text, strerror(errno));
	if (!S_ISDIR(status.st_mode))
		die("run: --dir=%s: not a directory", text);
	if (strlen(path) >= ENVIRONMENT_DIRECTORY_BYTES)
		die("run: --dir=%s: longer than %d bytes", text, ENVIRONMENT_DIRECTORY_BYTES - 1);
	set_environment("LEAKWATCH_DIR", path);
}

static void set_fail_on(struct settings *settings, const char *text)
{
	if (strcmp(text, "leak") != 0 && strcmp(text, "leak:likely") != 0)
		die("run: --fail-on=%s: it is leak or leak:likely", text);
	settings->judges = true;
	settings->trial.likely = strcmp(text, "leak") != 0;
}

static void set_suppressions(struct settings *settings, const char *file)
{
	struct complaint complaint;
	struct suppressions *suppressions = settings->trial.suppressions;
	if (suppressions_add_file(
		    suppressions, file, suppressions_today(suppressions->pool), &complaint))
		die("run: %s", complaint.words);
}

static void set_threshold(struct settings *settings, const char *text)
{
	struct complaint complaint;
	if (thresholds_set(&settings->trial.thresholds, text, &complaint))
		die("run: %s", complaint.words);
	settings->has_thresholds = true;
}

static void set_option(struct settings *settings, int option)
{
	if (option == 'i')
		set_interval(optarg);
	else if (option == 'd')
		set_directory(optarg);
	else if (option == 'k')
		set_keep(optarg);
	else if (option == 'x')
		set_environment("LEAKWATCH_AT_EXIT", "1");
	else if (option == 'p')
		set_prove_every(optarg);
	else if (option == 'f')
		set_fail_on(settings, optarg);
	else if (option == 's')
		set_suppressions(settings, optarg);
	else if (option == 't')
		set_threshold(settings, optarg);
	else if (option == 'h')
		settings->help = true;
	else
		exit(EXIT_UNUSABLE);
	settings->has_directory |= option == 'd';
}

static struct settings settings_read(int argc, char **argv)
{
	static char name[] = "leakwatch run"; /* for getopt's own messages */
	struct settings settings = {.trial = {.suppressions = suppressions_new()}};
	struct complaint complaint;
	if (thresholds_get(&settings.trial.thresholds, &complaint))
		die("run: LEAKWATCH_THRESHOLDS: %s", complaint.words);
	argv[0] = name;
	optind = 0;
	for (int option; (option = getopt_long(argc, argv, "+h", options, NULL)) != -1;)
		set_option(&settings, option);
	if (settings.judges && settings.has_directory)
		die("run: --fail-on has a directory of its own: it does not go with --dir");
	if (!settings.judges && settings.trial.suppressions->file)
		die("run: --suppressions goes with --fail-on only");
	if (!settings.judges && settings.has_thresholds)
		die("run: --threshold goes with --fail-on only");
	return settings;
}

static void preload_shim(const struct target *target)
{
	char shim[PATH_MAX];
	int found = ldpreload_find_shim(shim);
	if (found < 0 && errno == EINVAL)
		die("run: %s cannot be preloaded: its path holds a space or a colon", shim);
	if (found < 0)
		die("run: libleakwatch.so is neither beside leakwatch nor in ../lib/leakwatch/");
	const char *runtime = *target->runtime ? target->runtime : NULL;
	char *value = ldpreload_value(runtime, shim, getenv("LD_PRELOAD"));
	if (!value)
		die("run: out of memory");
	set_environment("LD_PRELOAD", value);
	free(value);
}

_Noreturn static void become(const char *program, char **arguments)
{
	execv(program, arguments);
	die("run: cannot execute %s: %s", program, strerror(errno));
}

int cmd_run(int argc, char **argv)
{
	struct target target;
	struct settings settings = settings_read(argc, argv);
	if (settings.help) {
		fputs(help, stdout);
		return EXIT_OK;
	}
	if (optind == argc)
		die("run: no command; see leakwatch run --help");
	enum target_result result = target_inspect(argv[optind], &target);
	if (result != TARGET_OK)
		die("run: cannot watch %s: %s", target.image, target_words(result));
	preload_shim(&target);
	if (!settings.judges)
		become(target.program, argv + optind);
	int code;
	struct complaint complaint;
	if (trial_run(&settings.trial, target.program, argv + optind, &code, &complaint))
		die("%s", complaint.words);
	suppressions_free(settings.trial.suppressions);
	return code;
}
