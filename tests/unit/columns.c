/*
 * columns.c - the padding of Go's text/tabwriter, whose output for these lines is written out here.
 */
#include "analyzer/columns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_printed(const char *const *lines, size_t count, const char *wanted)
{
	struct pool *pool = pool_new();
	struct columns columns = columns_new(pool);
	char *printed;
	size_t size;
	FILE *out = open_memstream(&printed, &size);
	for (size_t i = 0; i < count; i++)
		columns_add(&columns, lines[i]);
	columns_print(&columns, out);
	fclose(out);
	assert_string_equal(printed, wanted);
	free(printed);
	pool_free(pool);
}

#define ASSERT_PRINTED(wanted, ...)                                                                \
	do {                                                                                       \
		static const char *const lines[] = {__VA_ARGS__};                                  \
		assert_printed(lines, sizeof(lines) / sizeof(*lines), wanted);                     \
	} while (0)

static void test_pads_to_the_widest(void **state)
{
	(void)state;
	ASSERT_PRINTED("#\t0x1\ta+0x1\t\t\t/a.c:1\n#\t0x2\tlonger_name+0x22\t/b.c:2\n",
		"#\t0x1\ta+0x1\t/a.c:1", "#\t0x2\tlonger_name+0x22\t/b.c:2");
}

/* Seven characters and one space fill a tab stop; eight do not. */
static void test_tab_stops(void **state)
{
	(void)state;
	ASSERT_PRINTED("1234567\tx\n", "1234567\tx");
	ASSERT_PRINTED("1234567\t\tx\n12345678\ty\n", "1234567\tx", "12345678\ty");
}

/* A line without the cell ends the column: those above and below it are not aligned. */
static void test_columns_end(void **state)
{
	(void)state;
	ASSERT_PRINTED("#\t0x1\ta\tx\n#\t0x2\n#\t0x3\tmuch_longer\ty\n", "#\t0x1\ta\tx", "#\t0x2",
		"#\t0x3\tmuch_longer\ty");
}

static void test_counts_characters(void **state)
{
	(void)state;
	ASSERT_PRINTED("\u00fc\u00fc\u00fc\u00fc\u00fc\tx\n1234567\ty\n",
		"\u00fc\u00fc\u00fc\u00fc\u00fc\tx", "1234567\ty");
}

/* Not as Go: one C++ name of two hundred characters would push all others off the screen. */
static void test_very_wide_cells_do_not_count(void **state)
{
	char line[120] = "", wanted[160];
	const char *lines[] = {line, "1234567\ty"};
	(void)state;
	memset(line, 'x', 100);
	strcat(line, "\tz");
	snprintf(wanted, sizeof(wanted), "%s\n1234567\ty\n", line);
	assert_printed(lines, 2, wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pads_to_the_widest),
		cmocka_unit_test(test_tab_stops),
		cmocka_unit_test(test_columns_end),
		cmocka_unit_test(test_counts_characters),
		cmocka_unit_test(test_very_wide_cells_do_not_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
