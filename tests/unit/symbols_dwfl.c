/*
 * symbols_dwfl.c - the debug information of this very program: inlined frames, the build id's word, and
 * files that are not there.
 */
#include "analyzer/symbols.h"

#include <setjmp.h>
#include <stdarg.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char self[PATH_MAX];
static char self_build_id[2 * 32 + 1];
static uintptr_t self_bias;

/* --- a place with two inlined functions ------------------------------------------------------------ */

static void *return_address;
static volatile int after;

__attribute__((noinline)) static void note_return_address(void)
{
	return_address = __builtin_return_address(0);
}

static inline __attribute__((always_inline)) void innermost(void)
{
	note_return_address();
	after++;
}

static inline __attribute__((always_inline)) void middle(void)
{
	innermost();
	after++;
}

__attribute__((noinline)) static void outermost(void)
{
	middle();
	after++;
}

/* --- this program as a module --------------------------------------------------------------------- */

static void build_id_take(const ElfW(Phdr) * segment)
{
	const char *at = (const char *)self_bias + segment->p_vaddr;
	const char *end = at + segment->p_memsz;
	while (at + sizeof(ElfW(Nhdr)) <= end) {
		const ElfW(Nhdr) *note = (const void *)at;
		const unsigned char *bytes =
			(const void *)(at + sizeof(*note) + ((note->n_namesz + 3) & ~3u));
		if (note->n_type == NT_GNU_BUILD_ID && note->n_descsz <= 32)
			for (unsigned i = 0; i < note->n_descsz; i++)
				sprintf(self_build_id + 2 * i, "%02x", bytes[i]);
		at = (const char *)bytes + ((note->n_descsz + 3) & ~3u);
	}
}

/* The first object is the program itself. */
static int self_take(struct dl_phdr_info *info, size_t size, void *context)
{
	(void)size;
	(void)context;
	self_bias = info->dlpi_addr;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_NOTE)
			build_id_take(&info->dlpi_phdr[i]);
	return 1;
}

static int set_up(void **state)
{
	(void)state;
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	dl_iterate_phdr(self_take, NULL);
	outermost();
	return length > 0 ? 0 : -1;
}

static struct place place_in(const struct dump_module *module)
{
	uint64_t address = (uintptr_t)return_address - 1;
	return (struct place){module, address, address - self_bias};
}

static struct dump_module module_named(const char *path, const char *build_id)
{
	return (struct dump_module){.bias = {self_bias, true}, .path = path, .build_id = build_id};
}

static void assert_self_is_known(const struct symbol_list *list)
{
	static const char *const functions[] = {"innermost", "middle", "outermost"};
	assert_int_equal(list->count, 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_string_equal(list->symbol[i].function, functions[i]);
		assert_non_null(strstr(list->symbol[i].file, "tests/unit/symbols_dwfl.c"));
		assert_int_equal(list->symbol[i].inlined, i < 2);
	}
	assert_true(list->symbol[0].line < list->symbol[1].line);
	assert_true(list->symbol[1].line < list->symbol[2].line);
	assert_true(list->entry_distance.known);
	assert_true(list->entry_distance.value < 200);
}

static void test_inlined_frames(void **state)
{
	(void)state;
	struct symbols *symbols = symbols_new(symbols_dwfl_open(false));
	struct dump_module module = module_named(self, NULL);
	struct place place = place_in(&module);
	const struct symbol_list *list = symbols_of_place(symbols, &place);
	assert_self_is_known(list);
	assert_ptr_equal(symbols_of_place(symbols, &place), list); /* remembered */
	symbols_free(symbols);
}

static void test_right_build_id(void **state)
{
	(void)state;
	if (!*self_build_id)
		skip();
	struct symbols *symbols = symbols_new(symbols_dwfl_open(false));
	struct dump_module module = module_named(self, self_build_id);
	struct place place = place_in(&module);
	assert_self_is_known(symbols_of_place(symbols, &place));
	symbols_free(symbols);
}

/* The same path, another build: nothing is better than a wrong line. */
static void test_wrong_build_id(void **state)
{
	(void)state;
	struct symbols *symbols = symbols_new(symbols_dwfl_open(false));
	struct dump_module module = module_named(self, "0123456789");
	struct place place = place_in(&module);
	assert_int_equal(symbols_of_place(symbols, &place)->count, 0);
	symbols_free(symbols);
}

static void test_files_that_cannot_be_used(void **state)
{
	static const char *const paths[] = {
		"/nowhere/lib.so", "linux-vdso.so.1", "/", "/dev/null", "/etc/passwd", NULL};
	(void)state;
	struct symbols *symbols = symbols_new(symbols_dwfl_open(false));
	struct dump_module modules[6];
	for (size_t i = 0; i < 6; i++) {
		modules[i] = module_named(paths[i], NULL);
		struct place place = place_in(&modules[i]);
		assert_int_equal(symbols_of_place(symbols, &place)->count, 0);
	}
	struct place nowhere = place_in(NULL);
	assert_int_equal(symbols_of_place(symbols, &nowhere)->count, 0);
	symbols_free(symbols);
}

static void test_no_server_is_asked(void **state)
{
	(void)state;
	setenv("DEBUGINFOD_URLS", "http://127.0.0.1:9/", 1);
	symbols_free(symbols_new(symbols_dwfl_open(true)));
	assert_non_null(getenv("DEBUGINFOD_URLS"));
	symbols_free(symbols_new(symbols_dwfl_open(false)));
	assert_null(getenv("DEBUGINFOD_URLS"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inlined_frames),
		cmocka_unit_test(test_right_build_id),
		cmocka_unit_test(test_wrong_build_id),
		cmocka_unit_test(test_files_that_cannot_be_used),
		cmocka_unit_test(test_no_server_is_asked),
	};
	return cmocka_run_group_tests(tests, set_up, NULL);
}
