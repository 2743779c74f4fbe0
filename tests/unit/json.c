/*
 * json.c - the JSON emitter: commas, nesting, null, and escapes that any reader takes.
 */
#include "analyzer/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *printed;
static size_t printed_bytes;

static struct json json_begin(void)
{
	return (struct json){.out = open_memstream(&printed, &printed_bytes)};
}

static void assert_printed(struct json *json, const char *wanted)
{
	fclose(json->out);
	assert_string_equal(printed, wanted);
	free(printed);
}

static void test_nesting(void **state)
{
	struct json json = json_begin();
	(void)state;
	json_object(&json, NULL);
	json_number(&json, "a", 18446744073709551615ul);
	json_list(&json, "b");
	json_signed(&json, NULL, -3);
	json_object(&json, NULL);
	json_object_end(&json);
	json_list_end(&json);
	json_list(&json, "c");
	json_list_end(&json);
	json_object_end(&json);
	assert_printed(&json, "{\n \"a\": 18446744073709551615,\n \"b\": [\n  -3,\n  {}\n ],\n"
			      " \"c\": []\n}\n");
}

static void test_absent_is_null(void **state)
{
	struct json json = json_begin();
	(void)state;
	json_list(&json, NULL);
	json_measured(&json, NULL, (struct measured){0, false});
	json_measured(&json, NULL, (struct measured){0, true});
	json_measured_flag(&json, NULL, (struct measured){0, false});
	json_measured_flag(&json, NULL, (struct measured){1, true});
	json_text(&json, NULL, NULL);
	json_hex(&json, NULL, 0x1f);
	json_list_end(&json);
	assert_printed(&json, "[\n null,\n 0,\n null,\n true,\n null,\n \"0x1f\"\n]\n");
}

static void assert_text(const char *text, const char *wanted)
{
	struct json json = json_begin();
	json_text(&json, NULL, text);
	assert_printed(&json, wanted);
}

static void test_escapes(void **state)
{
	(void)state;
	assert_text("", "\"\"");
	assert_text("a\"b\\c/d", "\"a\\\"b\\\\c/d\"");
	assert_text("\x01\t\n\x1f\x7f", "\"\\u0001\\u0009\\u000a\\u001f\\u007f\"");
}

/* Bytes that are not UTF-8 become U+FFFD each; what is UTF-8 stays. */
static void test_utf8(void **state)
{
	(void)state;
	assert_text("\u00fc\u20ac\U0001f600", "\"\u00fc\u20ac\U0001f600\"");
	assert_text("\xff", "\"\\ufffd\"");
	assert_text("\xc3", "\"\\ufffd\""); /* cut short by the end */
	assert_text("\xc0\xaf", "\"\\ufffd\\ufffd\""); /* overlong / */
	assert_text("\xe0\x80\x80", "\"\\ufffd\\ufffd\\ufffd\""); /* overlong */
	assert_text("\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""); /* a surrogate */
	assert_text("\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""); /* above 10FFFF */
	assert_text("\xf0\x8f\xbf\xbf", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""); /* overlong */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_absent_is_null),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_utf8),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
