/*
 * reader.c - libFuzzer's way into the reader, and through it into all that a report does with a dump.
 *
 *	clang -std=gnu17 -D_GNU_SOURCE -I. -g -O1 -fsanitize=fuzzer,address,undefined \
 *		tests/fuzz/reader.c $(ls analyzer/[a-z]*.c | grep -v main.c) -ldw -lelf -lstdc++ -o build/fuzz-reader
 *	build/fuzz-reader -max_len=65536 CORPUS tests/golden/bad
 *
 * tests/unit/reader_fuzz.c runs the same on a fixed series of damaged golden dumps, in every check.
 */
#include "analyzer/judge.h"
#include "analyzer/reader.h"
#include "analyzer/render.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

static struct symbol_list nothing_look_up(
	struct symbol_source *source, struct pool *pool, const struct place *place)
{
	(void)source;
	(void)pool;
	(void)place;
	return (struct symbol_list){.count = 0};
}

static void nothing_close(struct symbol_source *source)
{
	(void)source;
}

static struct symbol_source nothing = {nothing_look_up, nothing_close};

static void report_print(struct dump *dump)
{
	static FILE *sink;
	struct symbols *symbols = symbols_new(&nothing);
	struct dumps dumps = {.list = &dump, .count = 1, .room = 1};
	struct report report = {.thresholds = thresholds_default, .all = true};
	if (!sink)
		sink = fopen("/dev/null", "we");
	report_fill(&report, &dumps, symbols);
	judge_report(&report);
	render_debug1(&report, sink);
	render_debug2(&report, sink);
	render_json(&report, sink);
	report_clear(&report);
	symbols_free(symbols);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
	struct dump *dump = NULL;
	struct complaint complaint = {""};
	if (!reader_read("fuzz", (const char *)bytes, size, &dump, &complaint)) {
		report_print(dump);
		dump_free(dump);
	} else if (dump || strncmp(complaint.words, "fuzz:", 5)) {
		abort(); /* half a dump, or a refusal without a line */
	}
	return 0;
}
