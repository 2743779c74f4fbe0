/*
 * cfi.c - the reader of unwind tables: on tables built by hand, on every function of the loaded objects
 * against libunwind, and on damaged tables between unreadable pages.
 */
#include "preload/cfi.h"
#include "preload/registers.h"
#include "preload/rules.h"
#include "preload/step.h"
#include "preload/unwind.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#define PAGE 4096u

/* --- tables built by hand -------------------------------------------------------------------------- */

#define BASE 0x10000000u /* where the image pretends to be */
#define CODE (BASE + 0x1000) /* its one function, of 0x100 bytes */

struct image {
	unsigned char bytes[4096];
	size_t used;
};

static void put(struct image *image, const void *bytes, size_t count)
{
	assert_true(image->used + count <= sizeof(image->bytes));
	memcpy(image->bytes + image->used, bytes, count);
	image->used += count;
}

static void put_u32(struct image *image, uint32_t number)
{
	put(image, &number, sizeof(number));
}

/* A record whose length is filled in, up to a multiple of four. */
static void put_record(struct image *image, const void *body, size_t bytes)
{
	static const unsigned char nops[4];
	size_t padding = -bytes % 4;
	put_u32(image, (uint32_t)(bytes + padding));
	put(image, body, bytes);
	put(image, nops, padding);
}

/* The header, one row, one CIE like every compiler's, one FDE with the given program. */
static struct cfi_image image_make(struct image *image, const void *program, size_t bytes)
{
	static const unsigned char cie[] = {
		0, 0, 0, 0, 1, 'z', 'R', 0, 1, 0x78, 16, 1, 0x1b, 0x0c, 7, 8, 0x90, 1};
	unsigned char fde[1024];
	image->used = 0;
	put(image, "\x01\x1b\x03\x3b", 4);
	put_u32(image, 16); /* .eh_frame, unused */
	put_u32(image, 1);
	put_u32(image, CODE - BASE);
	put_u32(image, 20 + 24);
	put_record(image, cie, sizeof(cie));
	assert_int_equal(image->used, 44);
	uint32_t back = 48 - 20, start = CODE - (BASE + 52), length = 0x100;
	memcpy(fde, &back, 4);
	memcpy(fde + 4, &start, 4);
	memcpy(fde + 8, &length, 4);
	fde[12] = 0;
	memcpy(fde + 13, program, bytes);
	put_record(image, fde, 13 + bytes);
	return (struct cfi_image){image->bytes, BASE, BASE + image->used, BASE};
}

static struct rule rule_of(const char *program, size_t bytes, uintptr_t pc)
{
	struct image image;
	struct cfi_image at = image_make(&image, program, bytes);
	struct rule rule;
	cfi_rule(&at, pc, &rule);
	return rule;
}
#define RULE_OF(program, pc) rule_of(program, sizeof(program) - 1, pc)

static void test_frame_pointer_prologue(void **state)
{
	(void)state;
	/* push %rbp; mov %rsp,%rbp */
	static const char program[] = "\x41\x0e\x10\x86\x02\x43\x0d\x06";
	struct rule rule = RULE_OF(program, CODE);
	assert_int_equal(rule.kind, RULE_PLAIN);
	assert_int_equal(rule.cfa_base, AT_SP);
	assert_int_equal(rule.cfa_offset, 8);
	assert_int_equal(rule.saved, HAVE_PC);
	rule = RULE_OF(program, CODE + 1);
	assert_int_equal(rule.cfa_offset, 16);
	assert_int_equal(rule.saved, HAVE_PC | HAVE_BP);
	assert_int_equal(rule.offset[AT_BP], -16);
	assert_int_equal(rule.cfa_base, AT_SP);
	rule = RULE_OF(program, CODE + 0xff);
	assert_int_equal(rule.cfa_base, AT_BP);
	assert_int_equal(rule.cfa_offset, 16);
	assert_int_equal(rule.reach, 16);
	assert_int_equal(RULE_OF(program, CODE + 0x100).kind, RULE_NONE);
	assert_int_equal(RULE_OF(program, CODE - 1).kind, RULE_NONE);
}

static void test_remembered_state(void **state)
{
	(void)state;
	/* one row with the frame, remembered, one without, restored */
	static const char program[] = "\x0e\x20\x83\x02\x41\x0a\xc3\x0e\x08\x41\x0b";
	assert_int_equal(RULE_OF(program, CODE).cfa_offset, 32);
	assert_int_equal(RULE_OF(program, CODE + 1).cfa_offset, 8);
	assert_int_equal(RULE_OF(program, CODE + 1).saved, HAVE_PC);
	assert_int_equal(RULE_OF(program, CODE + 2).cfa_offset, 32);
	assert_int_equal(RULE_OF(program, CODE + 2).saved, HAVE_PC | HAVE_BX);
}

static void test_realigned_stack(void **state)
{
	(void)state;
	/* rbp saved at rbp+0; CFA at *(rbp-8) */
	struct rule rule = RULE_OF("\x10\x06\x02\x76\x00\x0f\x03\x76\x78\x06", CODE);
	assert_int_equal(rule.kind, RULE_PLAIN);
	assert_true(rule.cfa_deref);
	assert_int_equal(rule.cfa_base, AT_BP);
	assert_int_equal(rule.cfa_offset, -8);
	assert_int_equal(rule.elsewhere, HAVE_BP);
	assert_int_equal(rule.elsewhere_base, AT_BP);
	assert_int_equal(rule.reach, 0);
}

static void test_linkage_table(void **state)
{
	(void)state;
	static const char program[] = "\x0f\x0b\x77\x08\x80\x00\x3f\x1a\x3b\x2a\x33\x24\x22";
	assert_int_equal(RULE_OF(program, CODE + 10).cfa_offset, 8);
	assert_int_equal(RULE_OF(program, CODE + 11).cfa_offset, 16);
	assert_int_equal(RULE_OF(program, CODE + 16).cfa_offset, 8);
	assert_int_equal(RULE_OF(program, CODE + 11).kind, RULE_PLAIN);
}

static void test_outermost(void **state)
{
	(void)state;
	assert_int_equal(RULE_OF("\x07\x10", CODE).kind, RULE_OUTERMOST);
}

/* What is left to libunwind, and what is refused. */
static void test_not_plain(void **state)
{
	(void)state;
	static const struct {
		const char *program;
		size_t bytes;
		enum rule_kind kind;
	} rows[] = {
		{"\x0c\x0a\x00", 3, RULE_UNUSUAL}, /* CFA from r10 */
		{"\x09\x10\x05", 3, RULE_UNUSUAL}, /* return address in rdi */
		{"\x09\x00\x05", 3, RULE_PLAIN}, /* rax in rdi: nobody needs it */
		{"\x08\x10", 2, RULE_UNUSUAL}, /* return address "as it is" */
		{"\x16\x06\x02\x76\x00", 5, RULE_UNUSUAL}, /* val_expression */
		{"\x0f\x01\x9c", 3, RULE_UNUSUAL}, /* CFA by another operation */
		{"\x0f\x04\x76\x78\x06\x1f", 6, RULE_UNUSUAL}, /* and by one more than we know */
		{"\x10\x06\x02\x70\x00", 5, RULE_UNUSUAL}, /* rbp relative to rax */
		{"\x86\x80\x80\x02", 4, RULE_UNUSUAL}, /* saved 256 KiB away */
		{"\x0a\x0a\x0a\x0a\x0a\x0a\x0a\x0a\x0a", 9, RULE_UNUSUAL}, /* nine deep */
		{"\x0b", 1, RULE_UNUSUAL}, /* restored without being remembered */
		{"\x3f", 1, RULE_UNUSUAL}, /* no such operation */
		{"\x0f\x7f\x76", 3, RULE_NONE}, /* a block longer than its record */
		{"\x0e\x80\x80\x80", 4, RULE_NONE}, /* a number that does not end */
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		/* Three bytes of padding would end an open number: the lengths above need none. */
		size_t bytes = rows[i].bytes;
		char program[16] = {0};
		size_t lead = rows[i].kind == RULE_NONE ? (3 - bytes) & 3 : 0;
		memcpy(program + lead, rows[i].program, bytes);
		if (rule_of(program, lead + bytes, CODE).kind != rows[i].kind)
			fail_msg("row %zu: kind %d", i, rule_of(program, lead + bytes, CODE).kind);
	}
}

/* Damages one byte of the hand-made image and says what comes of it. */
static enum rule_kind damaged(size_t at, unsigned char byte)
{
	struct image image;
	struct rule rule;
	struct cfi_image where = image_make(&image, "\x0e\x10", 2);
	image.bytes[at] = byte;
	cfi_rule(&where, CODE, &rule);
	return rule.kind;
}

static void test_foreign_tables(void **state)
{
	(void)state;
	assert_int_equal(damaged(0, 1), RULE_PLAIN);
	assert_int_equal(damaged(0, 2), RULE_NONE); /* version of the header */
	assert_int_equal(damaged(3, 0x1b), RULE_UNUSUAL); /* encoding of the rows */
	assert_int_equal(damaged(8, 0), RULE_NONE); /* no rows */
	assert_int_equal(damaged(28, 4), RULE_UNUSUAL); /* version of the CIE */
	assert_int_equal(damaged(29, 'e'), RULE_UNUSUAL); /* augmentations */
	assert_int_equal(damaged(30, 'B'), RULE_UNUSUAL);
	assert_int_equal(damaged(34, 17), RULE_UNUSUAL); /* return address register */
	assert_int_equal(damaged(36, 0x9b), RULE_UNUSUAL); /* indirect addresses */
	assert_int_equal(damaged(47, 0xff), RULE_UNUSUAL); /* 4 GiB of FDE */
	assert_int_equal(damaged(45, 0xff), RULE_NONE); /* 64 KiB of it: past the image */
	assert_int_equal(damaged(51, 0xff), RULE_NONE); /* a CIE below the image */
}

/* --- every function against libunwind --------------------------------------------------------------- */

#define STACK_LOW   0x200000u
#define STACK_BYTES 65536u

static uint64_t seed = 0x6c65616b77617463;

static uint64_t random_u64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

struct sweep {
	struct stack_view view;
	unsigned char stack[STACK_BYTES];
	unsigned long plain, outermost, unusual, none;
};

/* Words that point into the stack: a dereferenced CFA leads somewhere. */
static void stack_fill(struct sweep *sweep)
{
	for (size_t at = 0; at < STACK_BYTES; at += 8) {
		uint64_t word = STACK_LOW + STACK_BYTES / 2 + random_u64() % (STACK_BYTES / 4);
		memcpy(sweep->stack + at, &word, sizeof(word));
	}
}

static struct frame frame_random(uintptr_t pc)
{
	struct frame frame = {.have = HAVE_ALL, .exact = true};
	for (unsigned i = 0; i < REGISTERS; i++)
		frame.at[i] = random_u64();
	frame.at[AT_PC] = pc;
	frame.at[AT_SP] = STACK_LOW + 4096;
	frame.at[AT_BP] = STACK_LOW + 8192 + random_u64() % 4096 * 8;
	return frame;
}

static void sweep_pc(struct sweep *sweep, uintptr_t pc)
{
	struct stepper mine = {.view = &sweep->view},
		       theirs = {.view = &sweep->view, .guarded = true};
	struct frame frame = frame_random(pc), other = frame;
	struct rule rule;
	assert_true(stepper_place(&mine, pc));
	assert_true(stepper_place(&theirs, pc));
	enum step step = step_by_rule(&mine, &frame, &rule);
	sweep->plain += rule.kind == RULE_PLAIN;
	sweep->outermost += rule.kind == RULE_OUTERMOST;
	sweep->unusual += rule.kind == RULE_UNUSUAL;
	sweep->none += rule.kind == RULE_NONE;
	if (rule.kind == RULE_UNUSUAL)
		return;
	enum step expected = unwind_step(&theirs, &other, rule.signal_frame);
	if (step != expected)
		fail_msg("%#lx: step %d, libunwind's %d", (unsigned long)pc, step, expected);
	for (unsigned i = 0; i < REGISTERS; i++)
		if (frame.at[i] != other.at[i])
			fail_msg("%#lx: register %u is %#lx, libunwind's %#lx", (unsigned long)pc,
				i, (unsigned long)frame.at[i], (unsigned long)other.at[i]);
	assert_int_equal(frame.have, other.have);
	assert_int_equal(frame.exact, other.exact);
}

static void sweep_function(struct sweep *sweep, const struct cfi_image *image, uintptr_t code)
{
	uintptr_t start, end;
	if (!cfi_function(image, code, &start, &end))
		return;
	sweep_pc(sweep, start);
	sweep_pc(sweep, start + random_u64() % (end - start));
	sweep_pc(sweep, start + random_u64() % (end - start));
	sweep_pc(sweep, start + random_u64() % (end - start < 16 ? end - start : 16));
	sweep_pc(sweep, end - 1);
}

static void table_row(uintptr_t header, unsigned row, uintptr_t *code, uintptr_t *fde)
{
	int32_t offsets[2];
	memcpy(offsets, (const char *)header + 12 + 8 * (size_t)row, sizeof(offsets));
	*code = header + (uintptr_t)(intptr_t)offsets[0];
	*fde = header + (uintptr_t)(intptr_t)offsets[1];
}

static uint32_t table_rows(uintptr_t header)
{
	uint32_t rows;
	memcpy(&rows, (const char *)header + 8, sizeof(rows));
	return rows;
}

static void sweep_object(struct sweep *sweep, const char *name, uintptr_t inside)
{
	struct module_place place;
	uintptr_t code, fde;
	unsigned long before = sweep->plain, unusual = sweep->unusual;
	assert_true(module_place_find(inside, &place));
	struct cfi_image image = cfi_image_guarded(&place);
	for (unsigned row = 0; row < table_rows(image.header); row++) {
		table_row(image.header, row, &code, &fde);
		sweep_function(sweep, &image, code);
	}
	assert_true(sweep->plain > before);
	print_message("# %s: %lu plain, %lu unusual\n", name, sweep->plain - before,
		sweep->unusual - unusual);
}

/* RTLD_NEXT would find the sanitizer's, where there is one. */
static uintptr_t inside_libc(void)
{
	void *libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
	return (uintptr_t)dlsym(libc, "qsort");
}

static void test_every_function(void **state)
{
	(void)state;
	static struct sweep sweep;
	sweep.view = (struct stack_view){sweep.stack, STACK_LOW, STACK_LOW + STACK_BYTES, NULL};
	void *libunwind = dlopen("libunwind-x86_64.so.8", RTLD_NOW | RTLD_LOCAL);
	assert_non_null(libunwind);
	assert_true(unwind_open());
	stack_fill(&sweep);
	sweep_object(&sweep, "test", (uintptr_t)test_every_function);
	sweep_object(&sweep, "libc", inside_libc());
	sweep_object(&sweep, "ld.so", getauxval(AT_BASE));
	sweep_object(&sweep, "libunwind", (uintptr_t)dlsym(libunwind, "_Ux86_64_step"));
	assert_true(sweep.plain > 15000);
	assert_true(sweep.outermost > 0);
	assert_true(sweep.unusual * 1000 < sweep.plain);
	assert_int_equal(sweep.none, 0);
}

/* The two ways to read an object give the same. */
static void test_live_image(void **state)
{
	(void)state;
	struct module_place place;
	struct cfi_image live;
	struct rule a, b;
	uintptr_t code, fde;
	assert_true(module_place_find(inside_libc(), &place));
	assert_true(cfi_image_live(&place, &live));
	struct cfi_image guarded = cfi_image_guarded(&place);
	assert_true(live.low >= guarded.low && live.high <= guarded.high);
	for (unsigned row = 0; row < table_rows(live.header); row++) {
		table_row(live.header, row, &code, &fde);
		cfi_rule(&live, code + 5, &a);
		cfi_rule(&guarded, code + 5, &b);
		assert_memory_equal(&a, &b, sizeof(a));
	}
}

/* --- damaged tables --------------------------------------------------------------------------------- */

#define ROUNDS 300000

/* A copy of an image, with unreadable pages on both sides, that ends (or starts) at one of them. */
static unsigned char *copy_fenced(const struct cfi_image *image, bool at_end)
{
	size_t bytes = image->high - image->low;
	size_t pages = (bytes + PAGE - 1) / PAGE * PAGE;
	unsigned char *map =
		mmap(NULL, pages + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(map != MAP_FAILED);
	assert_int_equal(mprotect(map + PAGE, pages, PROT_READ | PROT_WRITE), 0);
	unsigned char *copy = map + PAGE + (at_end ? pages - bytes : 0);
	memcpy(copy, image->bytes, bytes);
	return copy;
}

static void rule_sane(const struct rule *rule)
{
	assert_true(rule->kind <= RULE_UNUSUAL);
	if (rule->kind != RULE_PLAIN)
		return;
	assert_true(rule->cfa_base < REGISTERS);
	assert_true((rule->saved | rule->elsewhere) & HAVE_PC);
	assert_true(!rule->elsewhere || rule->elsewhere_base < REGISTERS);
	assert_int_equal(rule->saved & rule->elsewhere, 0);
	for (unsigned i = 0; rule->reach && i < REGISTERS; i++)
		assert_true(rule->offset[i] <= -8 && -rule->offset[i] <= rule->reach);
}

/* Where to do damage: in the header, the table, the FDE at hand, or the CIE. */
static size_t damage_place(const struct cfi_image *image, uintptr_t row, uintptr_t fde)
{
	uint32_t back;
	size_t record = fde - image->low;
	memcpy(&back, image->bytes + record + 4, sizeof(back));
	switch (random_u64() % 8) {
	case 0:
		return image->header - image->low + random_u64() % 12;
	case 1:
		return row - image->low + random_u64() % 8;
	case 2:
	case 3:
		return record + 4 - back + random_u64() % 28;
	case 4:
		return record + random_u64() % 8;
	}
	return record + 8 + random_u64() % 40;
}

static void damage(struct cfi_image image, unsigned char *copy, unsigned rows)
{
	unsigned char kept[8];
	size_t at[8];
	uintptr_t code, fde;
	struct rule rule;
	unsigned row = (unsigned)(random_u64() % rows), count = 1 + (unsigned)(random_u64() % 8);
	table_row((uintptr_t)(image.bytes + (image.header - image.low)), row, &code, &fde);
	code += image.low - (uintptr_t)image.bytes;
	fde += image.low - (uintptr_t)image.bytes;
	for (unsigned i = 0; i < count; i++) {
		at[i] = damage_place(&image, image.header + 12 + 8 * row, fde);
		if (at[i] >= image.high - image.low)
			at[i] = 0;
	}
	for (unsigned i = 0; i < count; i++) {
		kept[i] = copy[at[i]];
		copy[at[i]] = (unsigned char)random_u64();
	}
	cfi_rule(&image, code + random_u64() % 64, &rule);
	rule_sane(&rule);
	/* And cut short, anywhere. */
	uintptr_t cut = fde + random_u64() % 64;
	image.high = cut < image.high ? cut : image.high;
	cfi_rule(&image, code, &rule);
	rule_sane(&rule);
	for (unsigned i = count; i-- > 0;)
		copy[at[i]] = kept[i];
}

static void test_damaged_tables(void **state)
{
	(void)state;
	struct module_place place;
	struct cfi_image image;
	assert_true(module_place_find(getauxval(AT_BASE), &place));
	for (int at_end = 0; at_end < 2; at_end++) {
		assert_true(cfi_image_live(&place, &image));
		unsigned rows = table_rows(image.header);
		unsigned char *copy = copy_fenced(&image, at_end);
		image.bytes = copy;
		for (unsigned i = 0; i < ROUNDS / 2; i++)
			damage(image, copy, rows);
	}
}

/* A cut at the end must not cost the rules of what remains, and must not read on. */
static void test_image_bounds(void **state)
{
	(void)state;
	struct image image;
	struct cfi_image whole = image_make(&image, "\x0e\x10", 2);
	unsigned char *fenced = copy_fenced(&whole, true);
	struct rule rule;
	whole.bytes = fenced;
	cfi_rule(&whole, CODE, &rule);
	assert_int_equal(rule.kind, RULE_PLAIN);
	for (uintptr_t high = BASE + 1; high < whole.high; high++) {
		struct cfi_image cut = whole;
		cut.high = high;
		cut.bytes = fenced + (whole.high - high);
		memmove(fenced + (whole.high - high), image.bytes, high - BASE);
		cfi_rule(&cut, CODE, &rule);
		assert_int_equal(rule.kind, RULE_NONE);
	}
}

static int prepare(void **state)
{
	(void)state;
	rules_init();
	modules_init();
	modules_begin();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frame_pointer_prologue),
		cmocka_unit_test(test_remembered_state),
		cmocka_unit_test(test_realigned_stack),
		cmocka_unit_test(test_linkage_table),
		cmocka_unit_test(test_outermost),
		cmocka_unit_test(test_not_plain),
		cmocka_unit_test(test_foreign_tables),
		cmocka_unit_test(test_every_function),
		cmocka_unit_test(test_live_image),
		cmocka_unit_test(test_image_bounds),
		cmocka_unit_test(test_damaged_tables),
	};
	return cmocka_run_group_tests(tests, prepare, NULL);
}
