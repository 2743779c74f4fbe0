/*
 * config.c - what is read from the environment, and what is left at its default.
 */
#include "preload/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define SECOND_NS 1000000000ull

static struct config fresh;

static const char *const names[] = {
	"LEAKWATCH_DIR",
	"LEAKWATCH_INTERVAL",
	"LEAKWATCH_TICK",
	"LEAKWATCH_KEEP",
	"LEAKWATCH_AT_EXIT",
	"LEAKWATCH_PROVE_LIMIT",
	"LEAKWATCH_PROVE_EVERY",
	"LEAKWATCH_PROVE_EXIT",
	"LEAKWATCH_OFF",
};

static int defaults(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unsetenv(names[i]);
	config = fresh;
	return 0;
}

/* The configuration with one variable set. */
static const struct config *with(const char *name, const char *value)
{
	defaults(NULL);
	setenv(name, value, 1);
	config_read();
	return &config;
}

static void seconds_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t ns;
	} cases[] = {
		{"0", 0},
		{"60", 60 * SECOND_NS},
		{"0.5", SECOND_NS / 2},
		{"0.000000001", 1},
		{"0.0000000001", 0},
		{"1.", SECOND_NS},
		{"007.25", 7 * SECOND_NS + SECOND_NS / 4},
		{"31622400", 31622400 * SECOND_NS},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint64_t ns = 42;
		assert_true(config_seconds(cases[i].text, &ns));
		assert_int_equal(ns, cases[i].ns);
	}
}

static void what_is_not_seconds_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {"", " 1", "1 ", "-1", "+1", ".5", "1s", "1e3", "0x10",
		"1.5.2", "abc", "31622401", "99999999999999999999999999"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		uint64_t ns = 42;
		assert_false(config_seconds(texts[i], &ns));
		assert_int_equal(ns, 42);
	}
}

static void without_variables_the_defaults_hold(void **state)
{
	(void)state;
	config_read();
	assert_string_equal(config.directory, "");
	assert_int_equal(config.interval_ns, 60 * SECOND_NS);
	assert_int_equal(config.tick_ns, SECOND_NS);
	assert_int_equal(config.keep, 60);
	assert_int_equal(config.prove_limit_ns, 10 * SECOND_NS);
	assert_int_equal(config.prove_every, 0);
	assert_false(config.at_exit);
	assert_false(config.prove_exit);
	assert_false(config.off);
}

static void times_are_read(void **state)
{
	(void)state;
	assert_int_equal(with("LEAKWATCH_INTERVAL", "0.25")->interval_ns, SECOND_NS / 4);
	assert_int_equal(with("LEAKWATCH_INTERVAL", "0")->interval_ns, 0);
	assert_int_equal(with("LEAKWATCH_INTERVAL", "never")->interval_ns, 60 * SECOND_NS);
	assert_int_equal(with("LEAKWATCH_TICK", "2")->tick_ns, 2 * SECOND_NS);
	assert_int_equal(with("LEAKWATCH_TICK", "soon")->tick_ns, SECOND_NS);
	assert_int_equal(with("LEAKWATCH_PROVE_LIMIT", "0.5")->prove_limit_ns, SECOND_NS / 2);
}

static void a_tick_is_not_busy(void **state)
{
	(void)state;
	assert_int_equal(with("LEAKWATCH_TICK", "0")->tick_ns, SECOND_NS / 100);
	assert_int_equal(with("LEAKWATCH_TICK", "0.000001")->tick_ns, SECOND_NS / 100);
}

static void keep_is_a_whole_number(void **state)
{
	(void)state;
	assert_int_equal(with("LEAKWATCH_KEEP", "0")->keep, 0);
	assert_int_equal(with("LEAKWATCH_KEEP", "3")->keep, 3);
	assert_int_equal(with("LEAKWATCH_KEEP", "")->keep, 60);
	assert_int_equal(with("LEAKWATCH_KEEP", "-3")->keep, 60);
	assert_int_equal(with("LEAKWATCH_KEEP", "3x")->keep, 60);
	assert_int_equal(with("LEAKWATCH_KEEP", "4294967297")->keep, 60);
	assert_int_equal(with("LEAKWATCH_KEEP", "99999999999999999999999")->keep, 60);
}

static void proofs_are_counted(void **state)
{
	(void)state;
	assert_int_equal(with("LEAKWATCH_PROVE_EVERY", "3")->prove_every, 3);
	assert_int_equal(with("LEAKWATCH_PROVE_EVERY", "all")->prove_every, 0);
}

static void flags_are_on_unless_empty_or_zero(void **state)
{
	(void)state;
	assert_true(with("LEAKWATCH_AT_EXIT", "1")->at_exit);
	assert_true(with("LEAKWATCH_AT_EXIT", "yes")->at_exit);
	assert_false(with("LEAKWATCH_AT_EXIT", "0")->at_exit);
	assert_false(with("LEAKWATCH_AT_EXIT", "")->at_exit);
	assert_true(with("LEAKWATCH_PROVE_EXIT", "1")->prove_exit);
	assert_true(with("LEAKWATCH_OFF", "1")->off);
	assert_false(with("LEAKWATCH_OFF", "0")->off);
}

static void a_directory_is_an_absolute_path_that_fits(void **state)
{
	(void)state;
	char path[sizeof config.directory + 1];
	assert_string_equal(with("LEAKWATCH_DIR", "/var/tmp/x y")->directory, "/var/tmp/x y");
	assert_string_equal(with("LEAKWATCH_DIR", "relative")->directory, "");
	assert_string_equal(with("LEAKWATCH_DIR", "")->directory, "");
	memset(path, 'x', sizeof path - 1);
	path[0] = '/';
	path[sizeof path - 1] = '\0';
	assert_string_equal(with("LEAKWATCH_DIR", path)->directory, "");
	path[sizeof path - 2] = '\0';
	assert_string_equal(with("LEAKWATCH_DIR", path)->directory, path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seconds_are_read),
		cmocka_unit_test(what_is_not_seconds_is_refused),
		cmocka_unit_test_setup(without_variables_the_defaults_hold, defaults),
		cmocka_unit_test(times_are_read),
		cmocka_unit_test(a_tick_is_not_busy),
		cmocka_unit_test(keep_is_a_whole_number),
		cmocka_unit_test(proofs_are_counted),
		cmocka_unit_test(flags_are_on_unless_empty_or_zero),
		cmocka_unit_test(a_directory_is_an_absolute_path_that_fits),
	};
	fresh = config;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
