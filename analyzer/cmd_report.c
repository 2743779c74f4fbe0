/*
 * cmd_report.c - leakwatch report: reads dumps, groups, looks up symbols, judges, prints.
 */
#include "analyzer/commands.h"
#include "analyzer/dumps.h"
#include "analyzer/judge.h"
#include "analyzer/number.h"
#include "analyzer/render.h"
#include "analyzer/say.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define GRACE_MAX_S (366 * 24 * 3600)

static const char help[] =
	"Usage: leakwatch report [--debug=1|2] [--json] [--prove] [DUMP... | DIR | PID]\n"
	"Explains a dump: which threads leak or hang, with the evidence; then all by where they "
	"wait,\n"
	"largest group first, with who created them. With nothing named, the newest dump in "
	"$LEAKWATCH_DIR or "
	"/tmp/leakwatch-UID.\n"
	"\n"
	"  DUMP  a file, or - for standard input; of several, which must be of one process, the\n"
	"        newest is shown, with what changed since the others\n"
	"  DIR   a directory: the dumps of the process that wrote there last\n"
	"  PID   a process: takes a fresh dump of it\n"
	"\n"
	"  --debug=1     a page of groups, which go tool pprof opens too (the default)\n"
	"  --debug=2     a paragraph for each thread\n"
	"  --json        one JSON object\n"
	"  --prove       of a process: prove which waits can never end, which takes some seconds\n"
	"  --all         tell hints too: pools that are idle, calls without a deadline\n"
	"  --grace=S     seconds from when on an age counts for a verdict (60)\n"
	"  --threshold=NAME=VALUE  another number from when on a verdict speaks:\n"
	"                see leakwatch-report(1)\n"
	"  --suppressions=FILE\n"
	"                rules for what gets no verdict\n"
	"  --debuginfod  ask the servers in $DEBUGINFOD_URLS for debug information\n"
	"  -h, --help    show this\n"
	"\n"
	"Exit code: 1 if there is no dump or process, 2 if arguments or input are unusable.\n";

enum {
	OPTION_DEBUG = 256,
	OPTION_JSON,
	OPTION_SYMBOLS,
	OPTION_DEBUGINFOD,
	OPTION_PROVE,
	OPTION_ALL,
	OPTION_GRACE,
	OPTION_THRESHOLD,
	OPTION_SUPPRESSIONS
};

/* --symbols is for tests, which have a table of symbols in place of debug information. */
static const struct option options[] = {
	{"debug", required_argument, NULL, OPTION_DEBUG},
	{"json", no_argument, NULL, OPTION_JSON},
	{"symbols", required_argument, NULL, OPTION_SYMBOLS},
	{"prove", no_argument, NULL, OPTION_PROVE},
	{"all", no_argument, NULL, OPTION_ALL},
	{"grace", required_argument, NULL, OPTION_GRACE},
	{"threshold", required_argument, NULL, OPTION_THRESHOLD},
	{"suppressions", required_argument, NULL, OPTION_SUPPRESSIONS},
	{"debuginfod", no_argument, NULL, OPTION_DEBUGINFOD},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

struct settings {
	void (*render)(const struct report *report, FILE *out);
	const char *symbol_table; /* NULL: debug information */
	bool network;
	bool prove;
	bool all;
	struct thresholds thresholds;
	struct suppressions *suppressions; /* NULL: none */
	bool help;
};

static void set_debug(struct settings *settings, const char *level)
{
	if (!strcmp(level, "1"))
		settings->render = render_debug1;
	else if (!strcmp(level, "2"))
		settings->render = render_debug2;
	else
		die("report: --debug=%s: it is 1 or 2", level);
}

static void set_grace(struct settings *settings, const char *text)
{
	uint64_t seconds;
	if (number_parse(text, GRACE_MAX_S, &seconds) < 0)
		die("report: --grace=%s: not a whole number of seconds", text);
	settings->thresholds.grace_ns = seconds * 1000000000;
}

static void set_threshold(struct settings *settings, const char *text)
{
	struct complaint complaint;
	if (thresholds_set(&settings->thresholds, text, &complaint))
		die("report: %s", complaint.words);
}

static void set_suppressions(struct settings *settings, const char *file)
{
	struct complaint complaint;
	if (!settings->suppressions)
		settings->suppressions = suppressions_new();
	if (suppressions_add_file(settings->suppressions, file,
		    suppressions_today(settings->suppressions->pool), &complaint))
		die("report: %s", complaint.words);
}

static void set_option(struct settings *settings, int option)
{
	switch (option) {
	case OPTION_DEBUG:
		set_debug(settings, optarg);
		break;
	case OPTION_JSON:
		settings->render = render_json;
		break;
	case OPTION_SYMBOLS:
		settings->symbol_table = optarg;
		break;
	case OPTION_PROVE:
		settings->prove = true;
		break;
	case OPTION_ALL:
		settings->all = true;
		break;
	case OPTION_GRACE:
		set_grace(settings, optarg);
		break;
	case OPTION_THRESHOLD:
		set_threshold(settings, optarg);
		break;
	case OPTION_SUPPRESSIONS:
		set_suppressions(settings, optarg);
		break;
	case OPTION_DEBUGINFOD:
		settings->network = true;
		break;
	case 'h':
		settings->help = true;
		break;
	default:
		exit(EXIT_UNUSABLE); /* getopt has said why */
	}
}

static struct settings settings_read(int argc, char **argv)
{
	static char name[] = "leakwatch report"; /* for getopt's own messages */
	struct settings settings = {.render = render_debug1};
	struct complaint complaint;
	int option;
	if (thresholds_get(&settings.thresholds, &complaint))
		die("report: LEAKWATCH_THRESHOLDS: %s", complaint.words);
	argv[0] = name;
	optind = 0;
	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1)
		set_option(&settings, option);
	return settings;
}

/* --- input ---------------------------------------------------------------------------------------- */

static void check(enum dumps_result result, const struct complaint *complaint)
{
	if (result == DUMPS_UNUSABLE)
		die("%s", complaint->words);
	if (result == DUMPS_NOTHING) {
		warn("%s", complaint->words);
		exit(EXIT_NOTHING);
	}
}

static void dumps_get(struct dumps *dumps, char **names)
{
	struct complaint complaint;
	if (!*names && dumps->prove)
		die("report: --prove asks a process; see leakwatch report --help");
	if (!*names)
		check(dumps_add_newest(dumps, &complaint), &complaint);
	for (; *names; names++)
		check(dumps_add_named(dumps, *names, &complaint), &complaint);
	check(dumps_sort(dumps, &complaint), &complaint);
}

static struct symbols *symbols_get(const struct settings *settings)
{
	struct complaint complaint;
	if (!settings->symbol_table)
		return symbols_new(symbols_dwfl_open(settings->network));
	struct symbol_source *table = symbols_table_open(settings->symbol_table, &complaint);
	if (!table)
		die("%s", complaint.words);
	return symbols_new(table);
}

/* --- all of it ------------------------------------------------------------------------------------- */

int cmd_report(int argc, char **argv)
{
	struct settings settings = settings_read(argc, argv);
	struct dumps dumps = {.prove = settings.prove};
	if (settings.help)
		return fputs(help, stdout) < 0 ? EXIT_UNUSABLE : EXIT_OK;
	struct symbols *symbols = symbols_get(&settings);
	dumps_get(&dumps, argv + optind);
	struct report report = {.thresholds = settings.thresholds,
		.suppressions = settings.suppressions,
		.all = settings.all};
	report_fill(&report, &dumps, symbols);
	judge_report(&report);
	settings.render(&report, stdout);
	if (fflush(stdout) || ferror(stdout))
		die("report: cannot write to stdout: %s", strerror(errno));
	suppressions_review(settings.suppressions, "report");
	report_clear(&report);
	suppressions_free(settings.suppressions);
	symbols_free(symbols);
	dumps_free(&dumps);
	return EXIT_OK;
}
