/*
 * cmd_diff.c - leakwatch diff: what is different between two dumps, by group.
 *
 * Groups are the same if their stacks are (build id and offset of each frame) and their kind of wait, so the dumps
 * may be of two runs, or of two hosts. Threads are the same by their never-reused ids, within one process.
 */
#include "analyzer/change.h"
#include "analyzer/commands.h"
#include "analyzer/dumps.h"
#include "analyzer/items.h"
#include "analyzer/say.h"
#include "analyzer/utf8.h"
#include "analyzer/words.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
	"Usage: leakwatch diff A B\n"
	"Shows what is different in dump B against dump A: groups of threads, of threads that "
	"were\n"
	"not joined and of timers that are new, gone, grown or shrunk, and how many in them are\n"
	"the same. The dumps may be of two runs.\n"
	"\n"
	"  A, B        files; - is standard input\n"
	"  --all       groups that are as large as they were, too\n"
	"  --suppressions=FILE\n"
	"              rules for what is left out\n"
	"  -h, --help  show this\n"
	"\n"
	"Exit code: 2 if arguments or input are unusable.\n";

enum { OPTION_SYMBOLS = 256, OPTION_ALL, OPTION_SUPPRESSIONS };

/* --symbols is for tests, as in report. */
static const struct option options[] = {
	{"symbols", required_argument, NULL, OPTION_SYMBOLS},
	{"all", no_argument, NULL, OPTION_ALL},
	{"suppressions", required_argument, NULL, OPTION_SUPPRESSIONS},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

struct settings {
	const char *symbol_table; /* NULL: debug information */
	struct suppressions *suppressions; /* NULL: none */
	bool all, help;
};

/* One of the two. */
struct side {
	struct dump *dump;
	struct items items;
};

static void set_suppressions(struct settings *settings, const char *file)
{
	struct complaint complaint;
	if (!settings->suppressions)
		settings->suppressions = suppressions_new();
	if (suppressions_add_file(settings->suppressions, file,
		    suppressions_today(settings->suppressions->pool), &complaint))
		die("diff: %s", complaint.words);
}

static void set_option(struct settings *settings, int option)
{
	if (option == OPTION_SYMBOLS)
		settings->symbol_table = optarg;
	else if (option == OPTION_ALL)
		settings->all = true;
	else if (option == OPTION_SUPPRESSIONS)
		set_suppressions(settings, optarg);
	else if (option == 'h')
		settings->help = true;
	else
		exit(EXIT_UNUSABLE);
}

static struct settings settings_read(int argc, char **argv)
{
	static char name[] = "leakwatch diff"; /* for getopt's own messages */
	struct settings settings = {.all = false};
	argv[0] = name;
	optind = 0;
	for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;)
		set_option(&settings, option);
	if (!settings.help && argc - optind != 2)
		die("diff: it takes two dumps; see leakwatch diff --help");
	return settings;
}

static struct symbols *symbols_get(const struct settings *settings)
{
	struct complaint complaint;
	if (!settings->symbol_table)
		return symbols_new(symbols_dwfl_open(false));
	struct symbol_source *table = symbols_table_open(settings->symbol_table, &complaint);
	if (!table)
		die("%s", complaint.words);
	return symbols_new(table);
}

static void side_read(struct side *side, const char *file, struct symbols *symbols,
	const struct suppressions *rules)
{
	struct complaint complaint;
	if (reader_read_file(file, &side->dump, &complaint))
		die("%s", complaint.words);
	struct tracer tracer = {side->dump->pool, symbols, side->dump};
	items_fill(&side->items, &tracer, rules);
}

static void side_free(struct side *side)
{
	items_clear(&side->items);
	dump_free(side->dump);
}

/* --- the two sides --------------------------------------------------------------------------------- */

static void side_print(const char *name, const struct side *side, FILE *out)
{
	const struct dump *dump = side->dump;
	struct pool *pool = dump->pool;
	fprintf(out, "%s: %s", name, dump->exe ? utf8_printable(pool, dump->exe) : "a program");
	if (dump->pid.known)
		fprintf(out, ", process %lu", (unsigned long)dump->pid.value);
	if (dump->time_ns.known)
		fprintf(out, ", %s", words_of_time(pool, dump->time_ns.value));
	if (dump->threads_total.known)
		fprintf(out, ", %s", words_of_count(pool, dump->threads_total.value, "thread"));
	fprintf(out, "\n");
}

/* NULL: it is not known. */
static const struct dump_module *program_of(const struct dump *dump)
{
	for (size_t i = 0; dump->exe && i < dump->module_count; i++)
		if (dump->modules[i].path && !strcmp(dump->modules[i].path, dump->exe))
			return dump->modules[i].build_id ? &dump->modules[i] : NULL;
	return NULL;
}

static void sides_print(const struct side *a, const struct side *b, FILE *out)
{
	const struct dump_module *then = program_of(a->dump), *now = program_of(b->dump);
	side_print("A", a, out);
	side_print("B", b, out);
	if (!change_same_process(a->dump, b->dump))
		fprintf(out, "Two processes: threads cannot be the same.\n");
	if (then && now && strcmp(then->build_id, now->build_id) != 0)
		fprintf(out, "Two builds of the program: nor can stacks that go through it.\n");
	fprintf(out, "\n");
}

/* --- items ---------------------------------------------------------------------------------------- */

static const char *same_words(
	const struct side *a, const struct side *b, const struct item *then, const struct item *now)
{
	struct pool *pool = b->items.tracer.pool;
	if (!change_same_process(a->dump, b->dump))
		return "";
	return pool_print(
		pool, "; %lu of them were there before", (unsigned long)item_same(then, now));
}

static void pair_print(const struct side *a, const struct side *b, const struct item *then,
	const struct item *now, FILE *out)
{
	fprintf(out, "%s: %s%s\n", change_sign(b->items.tracer.pool, now->count, then->count),
		item_words(&b->items, now), same_words(a, b, then, now));
}

/* What is in one side and not in the other. */
static size_t alone_print(
	const char *word, const struct side *side, const struct side *other, FILE *out)
{
	size_t told = 0;
	for (size_t i = 0; i < side->items.count; i++) {
		const struct item *item = &side->items.list[i];
		if (items_find(&other->items, item))
			continue;
		fprintf(out, "%s: %s\n", word, item_words(&side->items, item));
		told++;
	}
	return told;
}

/* What is in both. */
static size_t pairs_print(const struct side *a, const struct side *b, bool all, FILE *out)
{
	size_t told = 0;
	for (size_t i = 0; i < b->items.count; i++) {
		const struct item *now = &b->items.list[i];
		const struct item *then = items_find(&a->items, now);
		if (!then || (then->count == now->count && !all))
			continue;
		pair_print(a, b, then, now, out);
		told++;
	}
	return told;
}

/* All that is as large as it was, in one line. */
static void unchanged_print(const struct side *a, const struct side *b, FILE *out)
{
	struct pool *pool = b->items.tracer.pool;
	uint64_t groups = 0, members = 0, same = 0;
	for (size_t i = 0; i < b->items.count; i++) {
		const struct item *now = &b->items.list[i];
		const struct item *then = items_find(&a->items, now);
		if (!then || then->count != now->count)
			continue;
		groups++;
		members += now->count;
		same += item_same(then, now);
	}
	if (!groups)
		return;
	fprintf(out, "as large as before: %s of %lu", words_of_count(pool, groups, "group"),
		(unsigned long)members);
	if (change_same_process(a->dump, b->dump))
		fprintf(out, "; %lu of them were there before", (unsigned long)same);
	fprintf(out, "\n");
}

static void difference_print(
	const struct side *a, const struct side *b, const struct settings *settings, FILE *out)
{
	sides_print(a, b, out);
	size_t told = alone_print("new", b, a, out);
	told += pairs_print(a, b, settings->all, out);
	told += alone_print("gone", a, b, out);
	if (!told)
		fprintf(out, "The groups are the same, and as large.\n");
	if (!settings->all)
		unchanged_print(a, b, out);
}

int cmd_diff(int argc, char **argv)
{
	struct settings settings = settings_read(argc, argv);
	struct side a, b;
	if (settings.help)
		return fputs(help, stdout) < 0 ? EXIT_UNUSABLE : EXIT_OK;
	struct symbols *symbols = symbols_get(&settings);
	side_read(&a, argv[optind], symbols, settings.suppressions);
	side_read(&b, argv[optind + 1], symbols, settings.suppressions);
	difference_print(&a, &b, &settings, stdout);
	if (fflush(stdout) || ferror(stdout))
		die("diff: cannot write to stdout: %s", strerror(errno));
	suppressions_review(settings.suppressions, "diff");
	suppressions_free(settings.suppressions);
	side_free(&a);
	side_free(&b);
	symbols_free(symbols);
	return EXIT_OK;
}
