/*
 * trace.c - which frames are folded: libc's own at both ends, never in the middle, never all.
 */
#include "analyzer/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define KNOWN(number)                                                                              \
	{                                                                                          \
		number, true                                                                       \
	}

/* One module a letter: A is a program, C is libc, S the C++ run time. */
static struct dump_module modules[] = {
	{1, KNOWN(0x41000), KNOWN(0x42000), KNOWN(0x41000), NULL, "/bin/app"},
	{2, KNOWN(0x43000), KNOWN(0x44000), KNOWN(0x43000), NULL, "/lib/libc.so.6"},
	{3, KNOWN(0x53000), KNOWN(0x54000), KNOWN(0x53000), NULL, "/lib/libstdc++.so.6"},
};

static const struct dump dump = {.modules = modules, .module_count = 3};

/* Offset 0x100 in the program is _start; at 0x200 two functions are inlined; 0x300 is not known. */
static struct symbol_list letters_look_up(
	struct symbol_source *source, struct pool *pool, const struct place *place)
{
	static const struct symbol start = {.function = "_start"};
	static const struct symbol inlines[] = {
		{.function = "in", .inlined = true}, {.function = "out"}};
	static const struct symbol other = {.function = "other"};
	(void)source;
	(void)pool;
	if (!place->module || place->offset == 0x300)
		return (struct symbol_list){.count = 0};
	if (place->module == &modules[0] && place->offset == 0x100)
		return (struct symbol_list){.symbol = &start, .count = 1};
	if (place->module == &modules[0] && place->offset == 0x200)
		return (struct symbol_list){.symbol = inlines, .count = 2};
	return (struct symbol_list){.symbol = &other, .count = 1};
}

static void letters_close(struct symbol_source *source)
{
	(void)source;
}

static struct symbol_source letters = {letters_look_up, letters_close};

/* "CAaC": a frame a letter; an a is inlined into, an n is nameless, an x is _start, ? is nowhere. */
static uint64_t address_of(char letter)
{
	switch (letter) {
	case 'a':
		return 0x41201;
	case 'n':
		return 0x41301;
	case 'x':
		return 0x41101;
	case '?':
		return 0x99001;
	default:
		return ((uint64_t)letter << 12) + 0x11;
	}
}

/* Shows each frame as + or, folded, as a point. */
static void assert_folded(const char *stack, int partial, const char *wanted)
{
	uint64_t addresses[32];
	char shown[64] = "";
	struct pool *pool = pool_new();
	struct tracer tracer = {pool, symbols_new(&letters), &dump};
	const struct stack frames = {addresses, (unsigned)strlen(stack)};
	for (unsigned i = 0; stack[i]; i++)
		addresses[i] = address_of(stack[i]);
	struct trace trace = trace_of_stack(&tracer, &frames, (struct measured){0},
		(struct measured){(uint64_t)partial, partial >= 0});
	for (unsigned i = 0; i < trace.count; i++)
		shown[i] = trace.frames[i].folded ? '.' : '+';
	assert_string_equal(shown, wanted);
	symbols_free(tracer.symbols);
	pool_free(pool);
}

static void test_both_ends(void **state)
{
	(void)state;
	assert_folded("CCAACC", 0, "..++..");
	assert_folded("SCAASCC", 0, "..++...");
	assert_folded("AA", 0, "++");
}

static void test_never_in_the_middle(void **state)
{
	(void)state;
	assert_folded("CACAC", 0, ".+++.");
	assert_folded("C?A", 0, ".++");
}

static void test_never_all(void **state)
{
	(void)state;
	assert_folded("CCC", 0, "+++");
	assert_folded("C", 0, "+");
	assert_folded("", 0, "");
	assert_folded("Cx", 0, "++");
}

static void test_start_is_no_frame_of_the_program(void **state)
{
	(void)state;
	assert_folded("AACCx", 0, "++...");
	assert_folded("AACCn", 0, "++..."); /* stripped */
	assert_folded("AACn", 1, "++++"); /* perhaps main: the stack ends early */
	assert_folded("AACn", -1, "++++");
	assert_folded("An", 0, "++");
}

static void test_inlined_frames_count(void **state)
{
	(void)state;
	assert_folded("CaC", 0, ".++.");
}

static void test_top_and_words(void **state)
{
	(void)state;
	struct pool *pool = pool_new();
	const struct frame frames[] = {
		{.function = "read", .folded = true},
		{.function = "f", .file = "/a/b.c", .line = 3},
	};
	const struct trace trace = {frames, 2};
	struct frame nameless = {.place = {&modules[0], 0x41300, 0x300}};
	assert_ptr_equal(trace_top(&trace), &frames[1]);
	assert_null(trace_top(&(struct trace){NULL, 0}));
	assert_string_equal(frame_words(pool, &frames[1]), "f (b.c:3)");
	assert_string_equal(frame_words(pool, &nameless), "app+0x300");
	nameless.place.module = NULL;
	assert_string_equal(frame_words(pool, &nameless), "0x41300");
	pool_free(pool);
}

static void test_guessed_from_there_on(void **state)
{
	(void)state;
	uint64_t addresses[] = {address_of('A'), address_of('a'), address_of('A')};
	struct pool *pool = pool_new();
	struct tracer tracer = {pool, symbols_new(&letters), &dump};
	struct trace trace = trace_of_stack(&tracer, &(struct stack){addresses, 3},
		(struct measured)KNOWN(1), (struct measured){0});
	assert_int_equal(trace.count, 4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(trace.frames[i].guessed, i >= 1);
	symbols_free(tracer.symbols);
	pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ends),
		cmocka_unit_test(test_never_in_the_middle),
		cmocka_unit_test(test_never_all),
		cmocka_unit_test(test_start_is_no_frame_of_the_program),
		cmocka_unit_test(test_inlined_frames_count),
		cmocka_unit_test(test_top_and_words),
		cmocka_unit_test(test_guessed_from_there_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
