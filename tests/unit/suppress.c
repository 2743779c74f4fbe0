/*
 * suppress.c - which patterns match which texts, and which lines are rules.
 */
#include "analyzer/suppress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void test_patterns(void **state)
{
	(void)state;
	assert_true(pattern_matches("worker", "my_worker_run"));
	assert_true(pattern_matches("^my_", "my_worker_run"));
	assert_false(pattern_matches("^worker", "my_worker_run"));
	assert_true(pattern_matches("run$", "my_worker_run"));
	assert_false(pattern_matches("worker$", "my_worker_run"));
	assert_true(pattern_matches("^my*run$", "my_worker_run"));
	assert_true(pattern_matches("my*w*r*n", "my_worker_run"));
	assert_false(pattern_matches("my*x", "my_worker_run"));
	assert_true(pattern_matches("*", ""));
	assert_true(pattern_matches("**$", "abc"));
	assert_true(pattern_matches("^$", ""));
	assert_false(pattern_matches("a", ""));
	assert_true(pattern_matches("ab$", "abab"));
}

/* Reads text as a file of rules, on the day 2026-11-22. */
static int rules_read(const char *text, struct suppressions **rules, struct complaint *complaint)
{
	char file[] = "/tmp/leakwatch-unit.XXXXXX";
	int fd = mkstemp(file);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	*rules = suppressions_new();
	int result = suppressions_add_file(*rules, file, "2026-11-22", complaint);
	unlink(file);
	return result;
}

static void test_rules(void **state)
{
	(void)state;
	struct suppressions *rules;
	struct complaint complaint;
	const char *text = "# a remark\n\n thread:^pool_  \nname:old expires:2026-11-21\n"
			   "timer:tick expires:2026-11-22\nmodule:libx.so\ncreated_by:a b\n";
	assert_int_equal(rules_read(text, &rules, &complaint), 0);
	assert_int_equal(rules->rules.count, 5);
	const struct rule *list = rules->rules.items;
	assert_int_equal(list[0].line, 3);
	assert_string_equal(list[0].pattern, "^pool_");
	assert_true(list[1].expired);
	assert_string_equal(list[1].pattern, "old");
	assert_false(list[2].expired);
	assert_string_equal(list[4].pattern, "a b");
	assert_ptr_equal(suppressions_text(rules, RULE_THREAD, "pool_run"), &list[0]);
	assert_null(suppressions_text(rules, RULE_THREAD, "a_pool_run"));
	assert_null(suppressions_text(rules, RULE_NAME, "old")); /* expired */
	assert_null(suppressions_text(rules, RULE_THREAD, NULL));
	suppressions_free(rules);
}

static void assert_refused(const char *text, const char *wanted)
{
	struct suppressions *rules;
	struct complaint complaint;
	assert_int_equal(rules_read(text, &rules, &complaint), -1);
	if (!strstr(complaint.words, wanted))
		fail_msg("'%s' does not say '%s'", complaint.words, wanted);
	suppressions_free(rules);
}

static void test_no_rules(void **state)
{
	(void)state;
	assert_refused("thread:a\nthreads:b\n", ":2: not a rule");
	assert_refused("thread:\n", ":1: a rule without a pattern");
	assert_refused("thread:a expires:tomorrow\n", ":1: expires:");
	assert_refused("thread:a expires:2026-1-1\n", ":1: expires:");
	assert_refused("thread:a expires:2026-02-29\n", ":1: expires:");
	assert_refused("thread:a expires:2028-02-29x\n", ":1: expires:");
	assert_refused("thread: expires:2027-01-01\n", ":1: a rule without a pattern");
}

static void test_built_in(void **state)
{
	(void)state;
	struct suppressions *rules = suppressions_new_built_in();
	assert_non_null(suppressions_text(rules, RULE_MODULE, "libgomp.so.1"));
	assert_null(suppressions_text(rules, RULE_MODULE, "libc.so.6"));
	suppressions_free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_no_rules),
		cmocka_unit_test(test_built_in),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
