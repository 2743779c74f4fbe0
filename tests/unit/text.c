/*
 * text.c - numbers, addresses and texts as a dump holds them, and a buffer that grows.
 */
#include "preload/text.h"
#include "preload/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is in text, which is emptied; overwritten by the next call. */
static const char *taken(struct text *text)
{
	static char string[512];
	assert_false(text->failed);
	assert_true(text->count < sizeof string);
	memcpy(string, text->bytes, text->count);
	string[text->count] = '\0';
	text_clear(text);
	return string;
}

static void numbers_are_decimal(void **state)
{
	(void)state;
	static const uint64_t numbers[] = {
		0, 1, 9, 10, 4711, UINT32_MAX, 999999999999, UINT64_MAX - 1, UINT64_MAX};
	struct text text = {0};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		char wanted[32];
		snprintf(wanted, sizeof wanted, "%llu", (unsigned long long)numbers[i]);
		text_put_u64(&text, numbers[i]);
		assert_string_equal(taken(&text), wanted);
	}
	text_free(&text);
}

/* Around every power of ten and of two. */
static void every_length_of_number_is_right(void **state)
{
	(void)state;
	struct text text = {0};
	for (uint64_t base = 2; base <= 10; base += 8)
		for (uint64_t power = 1; power <= UINT64_MAX / base; power *= base)
			for (uint64_t number = power - 1; number <= power + 1; number++) {
				char wanted[32];
				snprintf(wanted, sizeof wanted, "%llu", (unsigned long long)number);
				text_put_u64(&text, number);
				assert_string_equal(taken(&text), wanted);
			}
	text_free(&text);
}

static void addresses_are_lower_case_hexadecimal(void **state)
{
	(void)state;
	static const uint64_t numbers[] = {0, 9, 10, 0xabcdef, 0x7f1a429d0000, UINT64_MAX};
	struct text text = {0};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		char wanted[32];
		snprintf(wanted, sizeof wanted, "0x%llx", (unsigned long long)numbers[i]);
		text_put_hex(&text, numbers[i]);
		assert_string_equal(taken(&text), wanted);
	}
	text_free(&text);
}

static void bytes_are_pairs_of_digits(void **state)
{
	(void)state;
	static const unsigned char bytes[] = {0x00, 0x0f, 0xf0, 0xa5, 0xff};
	struct text text = {0};
	text_put_hex_bytes(&text, bytes, sizeof bytes);
	assert_string_equal(taken(&text), "000ff0a5ff");
	text_put_hex_bytes(&text, bytes, 0);
	assert_string_equal(taken(&text), "");
	text_free(&text);
}

static void odd_bytes_of_a_text_are_encoded(void **state)
{
	(void)state;
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{"plain-Text_0.9~!", "plain-Text_0.9~!"},
		{"", "%"},
		{"a b", "a%20b"},
		{"100%", "100%25"},
		{"\t\n\r\x01\x7f", "%09%0A%0D%01%7F"},
		{"gr\xc3\xbc\xc3\x9f \xff", "gr%C3%BC%C3%9F%20%FF"},
	};
	struct text text = {0};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		text_put_percent(&text, cases[i].text);
		assert_string_equal(taken(&text), cases[i].wanted);
	}
	text_free(&text);
}

/* "-" alone says "not measured": docs/dump-format.md. */
static void a_text_that_is_a_dash_is_not_absent(void **state)
{
	(void)state;
	struct text text = {0};
	text_put_percent(&text, "-");
	assert_string_equal(taken(&text), "%2D");
	text_put_percent(&text, "--");
	assert_string_equal(taken(&text), "--");
	text_free(&text);
}

static void lines_are_counted(void **state)
{
	(void)state;
	struct text text = {0};
	for (int i = 0; i < 3; i++) {
		text_put(&text, "line");
		text_newline(&text);
	}
	assert_int_equal(text.lines, 3);
	assert_string_equal(taken(&text), "line\nline\nline\n");
	assert_int_equal(text.lines, 0);
	text_free(&text);
}

static void growing_keeps_what_is_there(void **state)
{
	(void)state;
	struct text text = {0};
	size_t before = arena_bytes();
	for (uint64_t i = 0; i < 300000; i++) {
		text_put_u64(&text, i);
		text_newline(&text);
	}
	assert_false(text.failed);
	assert_int_equal(text.lines, 300000);
	const char *at = text.bytes;
	for (unsigned long i = 0; i < 300000; i++) {
		char *end;
		assert_int_equal(strtoul(at, &end, 10), i);
		assert_int_equal(*end, '\n');
		at = end + 1;
	}
	assert_ptr_equal(at, text.bytes + text.count);
	assert_true(arena_bytes() - before >= text.count);
	text_free(&text);
	assert_int_equal(arena_bytes(), before);
	assert_null(text.bytes);
}

static void one_piece_may_be_larger_than_the_first_room(void **state)
{
	(void)state;
	struct text text = {0};
	size_t bytes = (size_t)3 << 20;
	char *large = malloc(bytes + 1);
	memset(large, 'x', bytes);
	large[bytes] = '\0';
	text_put(&text, "a");
	text_put(&text, large);
	assert_int_equal(text.count, bytes + 1);
	assert_int_equal(text.bytes[0], 'a');
	assert_memory_equal(text.bytes + 1, large, bytes);
	free(large);
	text_free(&text);
}

static void a_text_that_failed_stays_so_until_it_is_emptied(void **state)
{
	(void)state;
	struct text text = {.failed = true};
	text_put(&text, "lost");
	assert_int_equal(text.count, 0);
	assert_true(text.failed);
	text_clear(&text);
	text_put(&text, "kept");
	assert_string_equal(taken(&text), "kept");
	text_free(&text);
}

static void small_texts_are_joined(void **state)
{
	(void)state;
	char path[64], *at = text_copy(path, "/tmp/x-");
	assert_ptr_equal(at, path + 7);
	at = text_copy_u64(at, 0);
	at = text_copy_u64(text_copy(at, "-"), UINT64_MAX);
	assert_string_equal(path, "/tmp/x-0-18446744073709551615");
	assert_ptr_equal(at, path + strlen(path));
}

static void rows_are_written_in_place_and_repeated(void **state)
{
	(void)state;
	struct text text = {0};
	text_put(&text, "1 ");
	char *to = text_open(&text, 64);
	to = text_copy_u64(text_copy(to, "a="), 17);
	to = text_copy_hex(text_copy(to, ","), 0xfe);
	text_close(&text, to);
	assert_int_equal(text.count, strlen("1 a=17,0xfe"));
	text_repeat(&text, 1, 5);
	assert_string_equal(taken(&text), "1 a=17,0xfe a=17");

	/* The repeated piece may have to move first. */
	text_put(&text, "begin");
	while (text.count < (1 << 20))
		text_repeat(&text, 0, 5);
	for (size_t i = 0; i < text.count; i++)
		assert_int_equal(text.bytes[i], "begin"[i % 5]);
	text_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_decimal),
		cmocka_unit_test(every_length_of_number_is_right),
		cmocka_unit_test(rows_are_written_in_place_and_repeated),
		cmocka_unit_test(addresses_are_lower_case_hexadecimal),
		cmocka_unit_test(bytes_are_pairs_of_digits),
		cmocka_unit_test(odd_bytes_of_a_text_are_encoded),
		cmocka_unit_test(a_text_that_is_a_dash_is_not_absent),
		cmocka_unit_test(lines_are_counted),
		cmocka_unit_test(growing_keeps_what_is_there),
		cmocka_unit_test(one_piece_may_be_larger_than_the_first_room),
		cmocka_unit_test(a_text_that_failed_stays_so_until_it_is_emptied),
		cmocka_unit_test(small_texts_are_joined),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
