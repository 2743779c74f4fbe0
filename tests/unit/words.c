/*
 * words.c - durations, times, bytes and counts as a person reads them.
 */
#include "analyzer/words.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SECOND 1000000000ul

static void test_durations(void **state)
{
	static const struct {
		unsigned long ns;
		const char *words;
	} cases[] = {
		{0, "0 s"},
		{999999, "under 1 ms"},
		{1000000, "1 ms"},
		{250 * 1000000ul, "250 ms"},
		{SECOND - 1, "999 ms"},
		{SECOND, "1 s"},
		{59 * SECOND + 999999999, "59 s"},
		{60 * SECOND, "1 min"},
		{303 * SECOND, "5 min 3 s"},
		{605 * SECOND, "10 min"},
		{7800 * SECOND, "2 h 10 min"},
		{3600 * SECOND + 59 * SECOND, "1 h"},
		{86400 * SECOND * 3 + 4 * 3600 * SECOND, "3 d 4 h"},
		{18446744073709551615ul, "213503 d"},
	};
	struct pool *pool = pool_new();
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(words_of_duration(pool, cases[i].ns), cases[i].words);
	pool_free(pool);
}

static void test_times(void **state)
{
	struct pool *pool = pool_new();
	(void)state;
	assert_string_equal(words_of_time(pool, 0), "1970-01-01 00:00:00 UTC");
	assert_string_equal(words_of_time(pool, 1795312405999999999ul), "2026-11-22 01:53:25 UTC");
	pool_free(pool);
}

static void test_bytes(void **state)
{
	struct pool *pool = pool_new();
	(void)state;
	assert_string_equal(words_of_bytes(pool, 0), "0 bytes");
	assert_string_equal(words_of_bytes(pool, 8388608), "8 MiB");
	assert_string_equal(words_of_bytes(pool, 5000), "5000 bytes");
	assert_string_equal(words_of_bytes(pool, 25165824), "24 MiB");
	assert_string_equal(words_of_bytes(pool, 12345678), "11 MiB");
	pool_free(pool);
}

static void test_contract_words(void **state)
{
	struct pool *pool = pool_new();
	(void)state;
	assert_string_equal(words_of_wait(pool, "cond_wait"), "waiting on a condition variable");
	assert_string_equal(words_of_wait(pool, "nap"), "in nap");
	assert_string_equal(words_of_loss("gremlins"), "gremlins");
	assert_string_equal(words_of_count(pool, 1, "thread"), "1 thread");
	assert_string_equal(words_of_count(pool, 0, "thread"), "0 threads");
	pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_contract_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
