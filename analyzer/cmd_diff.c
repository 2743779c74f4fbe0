/*
 * cmd_diff.c - leakwatch diff: what is different between two dumps, by group.
 *
 * Groups are the same if their stacks are (build id and offset of each frame) and their kind of wait, so the dumps
 * may be of two runs, or of two hosts. Threads are the same by their never-reused ids, within one process.
 */
#include "analyzer/change.h"
#include "analyzer/commands.h"
#include "analyzer/dumps.h"
#include "analyzer/say.h"
#include "analyzer/summary.h"
#include "analyzer/utf8.h"
#include "analyzer/words.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
	"Usage: leakwatch diff A B\n"
	"Shows what is different in dump B against dump A: groups of threads that are new, gone,\n"
	"grown or shrunk, and how many of their threads are the same. The dumps may be of two "
	"runs.\n"
	"\n"
	"  A, B        files; - is standard input\n"
	"  --all       groups that are as large as they were, too\n"
	"  -h, --help  show this\n"
	"\n"
	"Exit code: 2 if arguments or input are unusable.\n";

enum { OPTION_SYMBOLS = 256, OPTION_ALL };

/* --symbols is for tests, as in report. */
static const struct option options[] = {
	{"symbols", required_argument, NULL, OPTION_SYMBOLS},
	{"all", no_argument, NULL, OPTION_ALL},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

struct settings {
	const char *symbol_table; /* NULL: debug information */
	bool all, help;
};

/* One of the two. */
struct side {
	struct dump *dump;
	struct groups *groups;
	struct tracer tracer;
};

static struct settings settings_read(int argc, char **argv)
{
	static char name[] = "leakwatch diff"; /* for getopt's own messages */
	struct settings settings = {.all = false};
	argv[0] = name;
	optind = 0;
	for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
		if (option == OPTION_SYMBOLS)
			settings.symbol_table = optarg;
		else if (option == OPTION_ALL)
			settings.all = true;
		else if (option == 'h')
			settings.help = true;
		else
			exit(EXIT_UNUSABLE);
	}
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

static struct side side_read(const char *file, struct symbols *symbols)
{
	struct side side;
	struct complaint complaint;
	if (reader_read_file(file, &side.dump, &complaint))
		die("%s", complaint.words);
	side.groups = groups_of_dump(side.dump, side.dump->pool);
	side.tracer = (struct tracer){side.dump->pool, symbols, side.dump};
	return side;
}

static void side_free(struct side *side)
{
	groups_free(side->groups);
	dump_free(side->dump);
}

/* --- words ---------------------------------------------------------------------------------------- */

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

static int id_compare(const void *a, const void *b)
{
	const uint64_t *one = a, *other = b;
	return (*one > *other) - (*one < *other);
}

static size_t ids_of(const struct group *group, struct pool *pool, uint64_t **ids)
{
	size_t count = 0;
	*ids = pool_array(pool, group->thread_count + 1, sizeof(**ids));
	for (size_t i = 0; i < group->thread_count; i++)
		if (group->threads[i]->id.known)
			(*ids)[count++] = group->threads[i]->id.value;
	qsort(*ids, count, sizeof(**ids), id_compare);
	return count;
}

static size_t same_threads(const struct group *then, const struct group *now, struct pool *pool)
{
	uint64_t *before, *after;
	size_t before_count = ids_of(then, pool, &before), after_count = ids_of(now, pool, &after);
	size_t same = 0;
	for (size_t i = 0, j = 0; i < before_count && j < after_count;) {
		same += before[i] == after[j];
		if (before[i] <= after[j])
			i++;
		else
			j++;
	}
	return same;
}

/* --- groups --------------------------------------------------------------------------------------- */

static void pair_print(const struct side *a, const struct side *b, const struct group *then,
	const struct group *now, FILE *out)
{
	struct pool *pool = b->dump->pool;
	fprintf(out, "%s: %s", change_sign(pool, now->count, then->count),
		summary_of_group(&b->tracer, now));
	if (change_same_process(a->dump, b->dump))
		fprintf(out, "; %zu of them were there before", same_threads(then, now, pool));
	fprintf(out, "\n");
}

/* The groups of b, new ones first; each with its size in a. */
static size_t present_print(
	const struct side *a, const struct side *b, const struct settings *settings, FILE *out)
{
	size_t told = 0;
	for (size_t i = 0; i < b->groups->count; i++) {
		const struct group *now = b->groups->list[i];
		if (groups_find(a->groups, now))
			continue;
		fprintf(out, "new: %s\n", summary_of_group(&b->tracer, now));
		told++;
	}
	for (size_t i = 0; i < b->groups->count; i++) {
		const struct group *now = b->groups->list[i];
		const struct group *then = groups_find(a->groups, now);
		if (!then || (then->count == now->count && !settings->all))
			continue;
		pair_print(a, b, then, now, out);
		told++;
	}
	return told;
}

static size_t gone_print(const struct side *a, const struct side *b, FILE *out)
{
	size_t told = 0;
	for (size_t i = 0; i < a->groups->count; i++) {
		const struct group *then = a->groups->list[i];
		if (groups_find(b->groups, then))
			continue;
		fprintf(out, "gone: %s\n", summary_of_group(&a->tracer, then));
		told++;
	}
	return told;
}

static void difference_print(
	const struct side *a, const struct side *b, const struct settings *settings, FILE *out)
{
	side_print("A", a, out);
	side_print("B", b, out);
	if (!change_same_process(a->dump, b->dump))
		fprintf(out, "Two processes: threads cannot be the same.\n");
	fprintf(out, "\n");
	size_t told = present_print(a, b, settings, out) + gone_print(a, b, out);
	if (!told)
		fprintf(out, "The groups are the same, and as large.\n");
}

int cmd_diff(int argc, char **argv)
{
	struct settings settings = settings_read(argc, argv);
	if (settings.help)
		return fputs(help, stdout) < 0 ? EXIT_UNUSABLE : EXIT_OK;
	struct symbols *symbols = symbols_get(&settings);
	struct side a = side_read(argv[optind], symbols);
	struct side b = side_read(argv[optind + 1], symbols);
	difference_print(&a, &b, &settings, stdout);
	if (fflush(stdout) || ferror(stdout))
		die("diff: cannot write to stdout: %s", strerror(errno));
	side_free(&a);
	side_free(&b);
	symbols_free(symbols);
	return EXIT_OK;
}
