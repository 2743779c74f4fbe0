/*
 * utf8.c - texts from a foreign process, made safe to print.
 */
#include "analyzer/utf8.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_printable(void **state)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{"", ""},
		{"worker 1", "worker 1"},
		{"\u00fcber \U0001f600", "\u00fcber \U0001f600"},
		{"a\nb", "a\\x0ab"},
		{"\x1b[31m", "\\x1b[31m"},
		{"\xc2\x9b"
		 "31m",
			"\\xc2\\x9b31m"}, /* a C1 control: CSI in one character */
		{"\xff\xc3", "\\xff\\xc3"},
		{"\x7f", "\\x7f"},
	};
	struct pool *pool = pool_new();
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(utf8_printable(pool, cases[i].text), cases[i].wanted);
	pool_free(pool);
}

static void test_nothing_to_do_is_no_copy(void **state)
{
	const char *text = "plain";
	(void)state;
	assert_ptr_equal(utf8_printable(NULL, text), text);
}

static void test_count(void **state)
{
	(void)state;
	assert_int_equal(utf8_count(""), 0);
	assert_int_equal(utf8_count("a\u00fc\u20ac\U0001f600\xff"), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_printable),
		cmocka_unit_test(test_nothing_to_do_is_no_copy),
		cmocka_unit_test(test_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
