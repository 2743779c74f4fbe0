/*
 * reader.c - what the reader makes of a dump: every record, absent values, new things passed over.
 * Malformed dumps are in tests/golden/bad/.
 */
#include "analyzer/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char sample[] =
	"# leakwatch dump 1\n"
	"# process pid=12 start_ticks=34 start_ns=56 exe=/bin/a%20b comm=%\n"
	"# dump sequence=7 time_ns=100 uptime_ns=- reason=exit tick_ns=1000 shim=9.9 mood=good\n"
	"# totals threads=3 blocked=2 running=1\n"
	"\n"
	"thread profile: total 3\n"
	"2 @ 0x1001 0x2001\n"
	"# group=1 count=2 wait=cond_wait timed=1 source=slot guessed=1 partial=0\n"
	"\n"
	"# group=2 count=1 wait=running timed=- source=proc guessed=- partial=-\n"
	"\n"
	"--- leakwatch threads ---\n"
	"columns tid id group since_ns object creator start detached name extra\n"
	"501 5 1 17 0xabc 2 0x3000 1 worker%09 x\n"
	"502 - 1 - - - - - - y\n"
	"503 7 2 - fd:3 1 - 0 - -\n"
	"\n"
	"--- leakwatch creators ---\n"
	"columns id kind made gone stack\n"
	"2 thread 4 3 @ 0x4001\n"
	"1 timerfd 1 0 @\n"
	"\n"
	"--- leakwatch timers ---\n"
	"columns id kind creator object since_ns period_ns overruns clock notify\n"
	"1 timerfd 1 fd:9 5 0 - CLOCK_MONOTONIC fd\n"
	"\n"
	"--- leakwatch unjoined ---\n"
	"columns id tid creator start since_ns stack_bytes name\n"
	"3 499 2 0x3000 9 8192 gone\n"
	"\n"
	"--- leakwatch losses ---\n"
	"columns cause count\n"
	"stack_moved 2\n"
	"\n"
	"--- leakwatch modules ---\n"
	"columns start end bias build_id path\n"
	"0x2000 0x3000 0x2000 ff00 /lib/b.so\n"
	"0x1000 0x2000 0x1000 - /bin/a%20b\n"
	"\n"
	"--- Memory map: ---\n"
	"1000-2000 r-xp 00000000 00:00 1 /bin/a b\n"
	"2000-3000 r-xp 00000000 00:00 2 /lib/b.so\n"
	"\n"
	"# leakwatch end lines=44 took_ns=77\n";

static struct dump *read_text(const char *text)
{
	struct dump *dump;
	struct complaint complaint = {""};
	if (reader_read("sample", text, strlen(text), &dump, &complaint))
		fail_msg("%s", complaint.words);
	return dump;
}

static void assert_known(struct measured number, uint64_t value)
{
	assert_true(number.known);
	assert_int_equal(number.value, value);
}

static void assert_absent(struct measured number)
{
	assert_false(number.known);
	assert_int_equal(number.value, 0);
}

static void test_header(void **state)
{
	(void)state;
	struct dump *dump = read_text(sample);
	assert_string_equal(dump->file, "sample");
	assert_known(dump->pid, 12);
	assert_known(dump->start_ticks, 34);
	assert_string_equal(dump->exe, "/bin/a b");
	assert_string_equal(dump->comm, "");
	assert_known(dump->sequence, 7);
	assert_absent(dump->uptime_ns);
	assert_known(dump->took_ns, 77);
	assert_known(dump->blocked, 2);
	assert_absent(dump->started);
	assert_null(dump->glibc);
	dump_free(dump);
}

static void test_groups(void **state)
{
	(void)state;
	struct dump *dump = read_text(sample);
	assert_int_equal(dump->group_count, 2);
	assert_int_equal(dump->groups[0].stack.depth, 2);
	assert_int_equal(dump->groups[0].stack.address[1], 0x2001);
	assert_string_equal(dump->groups[0].wait, "cond_wait");
	assert_known(dump->groups[0].timed, 1);
	assert_known(dump->groups[0].guessed, 1);
	assert_int_equal(dump->groups[1].stack.depth, 0);
	assert_absent(dump->groups[1].timed);
	assert_absent(dump->groups[1].partial);
	dump_free(dump);
}

static void test_threads(void **state)
{
	(void)state;
	struct dump *dump = read_text(sample);
	assert_int_equal(dump->thread_count, 3);
	assert_known(dump->threads[0].id, 5);
	assert_known(dump->threads[0].start, 0x3000);
	assert_string_equal(dump->threads[0].name, "worker\t");
	assert_string_equal(dump->threads[0].object, "0xabc");
	assert_int_equal(dump->threads[0].created_by->stack.address[0], 0x4001);
	assert_absent(dump->threads[0].waits); /* the column is missing */
	assert_absent(dump->threads[1].id);
	assert_null(dump->threads[1].name);
	assert_null(dump->threads[1].created_by);
	assert_int_equal(dump->threads[2].line, 16);
	assert_string_equal(dump->threads[2].created_by->kind, "timerfd");
	dump_free(dump);
}

static void test_rest(void **state)
{
	(void)state;
	struct dump *dump = read_text(sample);
	assert_int_equal(dump->timer_count, 1);
	assert_known(dump->timers[0].period_ns, 0);
	assert_absent(dump->timers[0].overruns);
	assert_int_equal(dump->unjoined_count, 1);
	assert_known(dump->unjoined[0].stack_bytes, 8192);
	assert_int_equal(dump->loss_count, 1);
	assert_string_equal(dump->losses[0].cause, "stack_moved");
	assert_int_equal(dump->module_count, 2);
	assert_string_equal(dump->modules[0].path, "/bin/a b"); /* in order of addresses */
	assert_null(dump->modules[0].build_id);
	dump_free(dump);
}

static void test_map_is_kept_as_it_is(void **state)
{
	(void)state;
	struct dump *dump = read_text(sample);
	const char *map = strstr(sample, "1000-2000");
	const char *end = strstr(sample, "\n# leakwatch end");
	assert_int_equal(dump->map_bytes, end - map);
	assert_memory_equal(dump->map, map, dump->map_bytes);
	dump_free(dump);
}

static void test_failure_leaves_nothing(void **state)
{
	(void)state;
	struct dump *dump = (struct dump *)&state;
	struct complaint complaint;
	assert_int_equal(reader_read("x", sample, sizeof(sample) - 2, &dump, &complaint), -1);
	assert_null(dump);
	assert_string_equal(
		complaint.words, "x:44: truncated: the last line is not '# leakwatch end ...'");
	dump_free(dump);
}

/* Every shorter file is refused; the address sanitizer watches each. */
static void test_every_truncation(void **state)
{
	(void)state;
	for (size_t size = 0; size < sizeof(sample) - 1; size++) {
		struct dump *dump;
		struct complaint complaint;
		char *exact = malloc(size + 1);
		memcpy(exact, sample, size);
		assert_int_equal(reader_read("x", exact, size, &dump, &complaint), -1);
		assert_null(dump);
		free(exact);
	}
}

static void test_long_names_fit_the_complaint(void **state)
{
	(void)state;
	char name[4096];
	struct dump *dump;
	struct complaint complaint;
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(reader_read(name, "x", 1, &dump, &complaint), -1);
	assert_non_null(strstr(complaint.words, ":1: not a leakwatch dump"));
	assert_int_equal(reader_read_file(name, &dump, &complaint), -1);
	assert_non_null(strstr(complaint.words, "cannot open it"));
}

/* A pipe has no size and gives its bytes in pieces. */
static void test_standard_input_as_a_pipe(void **state)
{
	(void)state;
	int ends[2];
	struct dump *dump;
	struct complaint complaint;
	int saved = dup(STDIN_FILENO);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], sample, sizeof(sample) - 1), sizeof(sample) - 1);
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	assert_int_equal(reader_read_file("-", &dump, &complaint), 0);
	assert_string_equal(dump->file, "standard input");
	dump_free(dump);
	dup2(saved, STDIN_FILENO);
	close(saved);
	close(ends[0]);
}

static void test_a_directory_is_no_dump(void **state)
{
	(void)state;
	struct dump *dump;
	struct complaint complaint;
	assert_int_equal(reader_read_file("/", &dump, &complaint), -1);
	assert_string_equal(complaint.words, "/: cannot read it: Is a directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_map_is_kept_as_it_is),
		cmocka_unit_test(test_failure_leaves_nothing),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_long_names_fit_the_complaint),
		cmocka_unit_test(test_standard_input_as_a_pipe),
		cmocka_unit_test(test_a_directory_is_no_dump),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
