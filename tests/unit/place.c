/*
 * place.c - addresses at the edges of modules, and between them.
 */
#include "analyzer/place.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define KNOWN(number)                                                                              \
	{                                                                                          \
		number, true                                                                       \
	}

static struct dump_module modules[] = {
	{1, KNOWN(0x1000), KNOWN(0x2000), KNOWN(0x1000), "aa", "/bin/one"},
	{2, KNOWN(0x2000), KNOWN(0x3000), KNOWN(0), NULL, "/lib/two.so"},
	{3, KNOWN(0x5000), KNOWN(0x6000), KNOWN(0x4000), "cc", NULL},
};

static const struct dump dump = {.modules = modules, .module_count = 3};

/* A call at the very end of a function returns to the next one, and of a module to the next. */
static void test_return_address_steps_back(void **state)
{
	(void)state;
	struct place place = place_of_return(&dump, 0x2000);
	assert_ptr_equal(place.module, &modules[0]);
	assert_int_equal(place.address, 0x1fff);
	assert_int_equal(place.offset, 0xfff);
}

static void test_entry_does_not(void **state)
{
	(void)state;
	struct place place = place_of_entry(&dump, 0x2000);
	assert_ptr_equal(place.module, &modules[1]);
	assert_int_equal(place.offset, 0x2000);
}

static void test_edges(void **state)
{
	(void)state;
	assert_null(place_of_entry(&dump, 0xfff).module);
	assert_ptr_equal(place_of_entry(&dump, 0x1000).module, &modules[0]);
	assert_ptr_equal(place_of_entry(&dump, 0x5000).module, &modules[2]);
	assert_int_equal(place_of_entry(&dump, 0x5000).offset, 0x1000);
	assert_ptr_equal(place_of_entry(&dump, 0x5fff).module, &modules[2]);
	assert_null(place_of_entry(&dump, 0x6000).module);
}

static void test_between_modules_the_address_remains(void **state)
{
	(void)state;
	struct place place = place_of_return(&dump, 0x4001);
	assert_null(place.module);
	assert_int_equal(place.offset, 0x4000);
	assert_string_equal(place_module_name(&place), "?");
}

static void test_names(void **state)
{
	(void)state;
	struct place one = place_of_entry(&dump, 0x1000), two = place_of_entry(&dump, 0x2000);
	struct place three = place_of_entry(&dump, 0x5000);
	assert_string_equal(place_module_name(&one), "one");
	assert_string_equal(place_module_identity(&one), "aa");
	assert_string_equal(place_module_identity(&two), "two.so");
	assert_string_equal(place_module_name(&three), "?");
	assert_string_equal(place_module_identity(&three), "cc");
}

static void test_no_modules(void **state)
{
	(void)state;
	const struct dump empty = {0};
	assert_null(place_of_return(&empty, 0x1000).module);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_return_address_steps_back),
		cmocka_unit_test(test_entry_does_not),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_between_modules_the_address_remains),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_no_modules),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
