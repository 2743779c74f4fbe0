/*
 * scopes.c - the table of scopes: equal names are one scope, long ones are cut, and a full table says so.
 */
#include "preload/scopes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void test_names(void **state)
{
	(void)state;
	const struct scope *outer = scope_within(NULL, "outer");
	const struct scope *inner = scope_within(outer, "inner");
	assert_string_equal(outer->name, "outer");
	assert_string_equal(inner->name, "outer/inner");
	assert_ptr_equal(inner->parent, outer);
	assert_ptr_equal(scope_within(NULL, "outer"), outer);
	assert_ptr_equal(scope_within(outer, "inner"), inner);
	assert_ptr_not_equal(scope_within(NULL, "inner"), inner);
	assert_ptr_equal(scope_at(inner->index), inner);
	assert_null(scope_at(UINT32_MAX));
}

static void test_within(void **state)
{
	(void)state;
	const struct scope *outer = scope_within(NULL, "outer");
	const struct scope *inner = scope_within(outer, "inner");
	assert_true(scope_is_within(inner, outer));
	assert_true(scope_is_within(outer, outer));
	assert_false(scope_is_within(outer, inner));
	assert_false(scope_is_within(NULL, outer));
	assert_false(scope_is_within(scope_within(NULL, "other"), outer));
	assert_true(scope_is_within(inner, NULL));
	assert_true(scope_is_within(NULL, NULL));
}

static void test_long_names(void **state)
{
	(void)state;
	char name[1000];
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	const struct scope *scope = scope_within(NULL, name);
	assert_int_equal(strlen(scope->name), SCOPE_NAME_BYTES - 1);
	assert_int_equal(strlen(scope_within(scope, "y")->name), SCOPE_NAME_BYTES - 1);
}

static void test_full(void **state)
{
	(void)state;
	char name[32];
	errno = 7;
	for (unsigned i = 0; i < SCOPES_MOST; i++) {
		snprintf(name, sizeof name, "number %u", i);
		scope_within(NULL, name);
	}
	assert_true(scopes_lost() > 0 && scopes_lost() < 20);
	uint64_t lost = scopes_lost();
	assert_null(scope_within(NULL, "one more"));
	assert_int_equal(scopes_lost(), lost + 1);
	assert_non_null(scope_within(NULL, "outer"));
	assert_int_equal(scopes_lost(), lost + 1);
	assert_int_equal(errno, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_within),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_full),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
