/*
 * modules.c - loaded objects as the watcher knows them, against the loader's own list.
 */
#include "preload/modules.h"
#include "preload/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

static const struct module *module_of(uintptr_t address)
{
	modules_note(address);
	for (size_t i = 0; i < modules_count(); i++)
		if (address >= modules_at(i)->start && address < modules_at(i)->end)
			return modules_at(i);
	return NULL;
}

static uintptr_t address_of(const char *name)
{
	uintptr_t address = (uintptr_t)dlsym(RTLD_DEFAULT, name);
	assert_int_not_equal(address, 0);
	return address;
}

/* --- places ----------------------------------------------------------------------------------------- */

static void test_places(void **state)
{
	(void)state;
	uintptr_t code = (uintptr_t)test_places;
	struct module_place place, same, kept;
	assert_true(module_place_find(code, &place));
	assert_true(place.start <= code && code < place.end);
	assert_true(place.eh_frame_header > place.start && place.eh_frame_header < place.end);
	assert_true(module_place_known(code, &same));
	assert_memory_equal(&place, &same, sizeof(place));

	kept = place;
	assert_false(module_place_find((uintptr_t)&place, &place));
	assert_false(module_place_known((uintptr_t)&place, &place));
	assert_false(module_place_find(0, &place));
	assert_false(module_place_find(UINTPTR_MAX, &place));
	assert_false(module_place_known(UINTPTR_MAX, &place));
	assert_memory_equal(&place, &kept, sizeof(place));
}

/* Over and around everything loaded, both look-ups agree, in whatever order they are asked. */
static void test_look_ups_agree(void **state)
{
	(void)state;
	static const char *const names[] = {"qsort", "_cmocka_run_group_tests"};
	uint64_t seed = 88172645463325252u;
	for (unsigned i = 0; i < 20000; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		void *symbol = dlsym(RTLD_DEFAULT, names[(seed >> 33) % 2]);
		uintptr_t address = (uintptr_t)symbol + (seed >> 36) % (1 << 23) - (1 << 22);
		struct module_place a, b;
		bool found = module_place_find(address, &a);
		assert_int_equal(module_place_known(address, &b), found);
		if (found)
			assert_memory_equal(&a, &b, sizeof(a));
	}
}

/* --- what a dump says --------------------------------------------------------------------------------- */

static void test_executable(void **state)
{
	(void)state;
	char path[PATH_MAX];
	ssize_t bytes = readlink("/proc/self/exe", path, sizeof(path) - 1);
	assert_true(bytes > 0);
	path[bytes] = 0;
	modules_begin();
	const struct module *module = module_of((uintptr_t)test_executable);
	assert_non_null(module);
	assert_string_equal(module->path, path);
	assert_true(module->build_id_bytes >= 8);
}

static void test_vdso(void **state)
{
	(void)state;
	uintptr_t vdso = getauxval(AT_SYSINFO_EHDR);
	if (!vdso)
		skip();
	const struct module *module = module_of(vdso + 64);
	assert_non_null(module);
	assert_non_null(strstr(module->path, "vdso"));
	assert_true(module->build_id_bytes > 0);
}

struct expected {
	const struct dl_phdr_info *info;
	const Elf64_Nhdr *build_id;
};

/* The build id, another way: the last four bytes of the note's header say what it is. */
static const Elf64_Nhdr *build_id_of(const struct dl_phdr_info *info)
{
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		if (info->dlpi_phdr[i].p_type != PT_NOTE)
			continue;
		const char *note = (const char *)info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
		const char *end = note + info->dlpi_phdr[i].p_memsz;
		for (; note + 16 < end; note += 4)
			if (memcmp(note + 8, "\3\0\0\0GNU", 8) == 0)
				return (const Elf64_Nhdr *)note;
	}
	return NULL;
}

static void text_expect(void *context, uintptr_t start, uintptr_t end, uintptr_t offset)
{
	const struct dl_phdr_info *info = context;
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t low = info->dlpi_addr + segment->p_vaddr;
		if (segment->p_type == PT_LOAD && start == (low & ~(uintptr_t)4095)) {
			assert_true(segment->p_flags & PF_X);
			assert_true(end >= low + segment->p_memsz && end % 4096 == 0);
			assert_int_equal(offset, segment->p_offset & ~(uintptr_t)4095);
			return;
		}
	}
	fail_msg("%#lx starts no segment", (unsigned long)start);
}

static int object_check(struct dl_phdr_info *info, size_t bytes, void *count)
{
	(void)bytes;
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		if (info->dlpi_phdr[i].p_type != PT_LOAD || !(info->dlpi_phdr[i].p_flags & PF_X))
			continue;
		const struct module *module =
			module_of(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
		const Elf64_Nhdr *note = build_id_of(info);
		assert_non_null(module);
		assert_int_equal(module->bias, info->dlpi_addr);
		assert_int_equal(module->build_id_bytes, note ? note->n_descsz : 0);
		if (note)
			assert_memory_equal(
				module->build_id, (const char *)(note + 1) + 4, note->n_descsz);
		if (info->dlpi_name[0])
			assert_string_equal(module->path, info->dlpi_name);
		module_text(module, text_expect, info);
		++*(unsigned *)count;
		return 0;
	}
	return 0;
}

static void test_every_object(void **state)
{
	(void)state;
	unsigned count = 0;
	modules_begin();
	assert_int_equal(modules_count(), 0);
	assert_null(modules_at(0));
	dl_iterate_phdr(object_check, &count);
	assert_true(count >= 5);
	assert_int_equal(modules_count(), count);
	for (unsigned i = 1; i < count; i++)
		assert_true(modules_at(i - 1)->end <= modules_at(i)->start);
	assert_null(modules_at(count));
}

/* --- from dump to dump -------------------------------------------------------------------------------- */

static void test_notes_are_forgotten(void **state)
{
	(void)state;
	modules_begin();
	modules_note((uintptr_t)test_notes_are_forgotten);
	modules_note((uintptr_t)test_notes_are_forgotten + 1);
	modules_note((uintptr_t)&state);
	assert_int_equal(modules_count(), 1);
	const struct module *first = modules_at(0);
	modules_begin();
	assert_int_equal(modules_count(), 0);
	modules_note((uintptr_t)test_notes_are_forgotten);
	assert_ptr_equal(modules_at(0), first); /* not read again */
}

/* What dlclose unloads is gone from the next dump on, and so are the rules made for it. */
static void test_unloaded(void **state)
{
	(void)state;
	struct rule rule = {.kind = RULE_PLAIN, .cfa_base = AT_SP, .cfa_offset = 8}, found;
	struct module_place place, other;
	void *handle = dlmopen(LM_ID_NEWLM, "libz.so.1", RTLD_NOW);
	if (!handle)
		skip();
	uintptr_t code = (uintptr_t)dlsym(handle, "inflate"), mine = (uintptr_t)test_unloaded;
	modules_begin();
	assert_non_null(module_of(code));
	assert_true(module_place_known(code, &place) && module_place_known(mine, &other));
	rules_keep(code, &place, &rule);
	rules_keep(mine, &other, &rule);
	modules_begin();
	assert_true(rules_find(code, &place, &found));
	assert_non_null(module_of(code));

	dlclose(handle);
	assert_false(module_place_find(code, &place));
	modules_begin();
	assert_null(module_of(code));
	assert_false(module_place_known(code, &place));
	assert_false(rules_find(code, &place, &found));
	assert_true(rules_find(mine, &other, &found));
}

/* What is unloaded between a stack and the note of its frames is not taken for what came to its place. */
static void test_unloaded_meanwhile(void **state)
{
	(void)state;
	struct module_place place;
	for (unsigned i = 0; i < 20; i++) {
		void *handle = dlmopen(LM_ID_NEWLM, "libz.so.1", RTLD_NOW);
		if (!handle)
			skip();
		uintptr_t code = (uintptr_t)dlsym(handle, "inflate");
		modules_begin();
		assert_true(module_place_known(code, &place));
		dlclose(handle);
		void *other = i % 2 ? dlmopen(LM_ID_NEWLM, "liblzma.so.5", RTLD_NOW) : NULL;
		const struct module *module = module_of(code);
		assert_non_null(module);
		assert_false(module->is_read);
		assert_string_equal(module->path, "");
		assert_int_equal(module->bias, module->start);
		assert_int_equal(module->build_id_bytes, 0);
		if (other)
			dlclose(other);
	}
}

/* Objects come and go; the table neither grows without end nor mixes them up. */
static void test_reloaded(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		void *handle = dlmopen(LM_ID_NEWLM, "libz.so.1", RTLD_NOW);
		if (!handle)
			skip();
		uintptr_t code = (uintptr_t)dlsym(handle, "inflate");
		modules_begin();
		const struct module *module = module_of(code);
		assert_non_null(module);
		assert_non_null(strstr(module->path, "libz"));
		assert_int_equal(modules_count(), 1);
		dlclose(handle);
	}
}

static void test_path_is_the_loaders(void **state)
{
	(void)state;
	Dl_info info;
	assert_int_not_equal(dladdr((void *)address_of("_cmocka_run_group_tests"), &info), 0);
	assert_string_equal(module_of(address_of("_cmocka_run_group_tests"))->path, info.dli_fname);
}

static int prepare(void **state)
{
	(void)state;
	struct module_place place;
	/* Before the start, nothing is found and nothing breaks. */
	if (module_place_find((uintptr_t)prepare, &place))
		return -1;
	rules_init();
	modules_init();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_look_ups_agree),
		cmocka_unit_test(test_executable),
		cmocka_unit_test(test_vdso),
		cmocka_unit_test(test_every_object),
		cmocka_unit_test(test_notes_are_forgotten),
		cmocka_unit_test(test_unloaded),
		cmocka_unit_test(test_unloaded_meanwhile),
		cmocka_unit_test(test_reloaded),
		cmocka_unit_test(test_path_is_the_loaders),
	};
	return cmocka_run_group_tests(tests, prepare, NULL);
}
