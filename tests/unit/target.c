/*
 * target.c - what is said of programs that cannot be preloaded into, made from /bin/true by changing a
 * few bytes; and the value of LD_PRELOAD for those that can.
 */
#include "analyzer/ldpreload.h"
#include "analyzer/target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define STRANGER 65534

static char root[PATH_MAX];
static char *image; /* of /bin/true, changed by the test */
static size_t image_bytes;

static const char *below(const char *name)
{
	static char paths[4][2 * PATH_MAX];
	static unsigned next;
	char *path = paths[next++ % 4];
	snprintf(path, sizeof paths[0], "%s/%s", root, name);
	return path;
}

static void make_file(const char *name, const void *bytes, size_t size, mode_t mode)
{
	int fd = open(below(name), O_WRONLY | O_CREAT | O_TRUNC, 0700);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void make_script(const char *name, const char *line)
{
	make_file(name, line, strlen(line), 0755);
}

static Elf64_Phdr *program_header(Elf64_Word type)
{
	Elf64_Ehdr *header = (Elf64_Ehdr *)image;
	Elf64_Phdr *headers = (Elf64_Phdr *)(image + header->e_phoff);
	for (int i = 0; i < header->e_phnum; i++)
		if (headers[i].p_type == type)
			return &headers[i];
	fail_msg("/bin/true has no program header of type %u", type);
	return NULL;
}

static enum target_result inspect(const char *path)
{
	struct target target;
	return target_inspect(path, &target);
}

/* Of the changed image. */
static enum target_result inspect_image(void)
{
	make_file("image", image, image_bytes, 0755);
	return inspect(below("image"));
}

/* Else says so. cmocka's skip() is a failure to prove. */
static bool is_root(void)
{
	if (geteuid() == 0)
		return true;
	print_message("# not tested: needs root\n");
	return false;
}

/* --- files ----------------------------------------------------------------------------------------- */

static void program_is_usable(void **state)
{
	(void)state;
	struct target target;
	assert_int_equal(target_inspect("/bin/true", &target), TARGET_OK);
	assert_string_equal(target.program, "/bin/true");
	assert_string_equal(target.image, "/bin/true");
	assert_string_equal(target.runtime, "");
	assert_int_equal(inspect_image(), TARGET_OK);
}

static void path_is_searched(void **state)
{
	(void)state;
	struct target target;
	char path[3 * PATH_MAX];
	char *before = strdup(getenv("PATH"));
	make_file("noexec-true", image, image_bytes, 0644);
	snprintf(path, sizeof path, "/nonexistent:%s:/bin", root);
	setenv("PATH", path, 1);
	make_file("true", "x", 1, 0644);
	assert_int_equal(target_inspect("true", &target), TARGET_OK);
	assert_string_equal(target.program, "/bin/true");
	assert_int_equal(target_inspect("noexec-true", &target), TARGET_NOT_EXECUTABLE);
	assert_string_equal(target.image, below("noexec-true"));
	assert_int_equal(inspect("no-such-program"), TARGET_NOT_FOUND);
	assert_int_equal(inspect(""), TARGET_NOT_FOUND);
	setenv("PATH", before, 1);
	free(before);
}

static void unusable_files_are_told_apart(void **state)
{
	(void)state;
	char long_name[2 * PATH_MAX];
	memset(long_name, '/', sizeof long_name - 1);
	long_name[sizeof long_name - 1] = '\0';
	make_file("empty", "", 0, 0755);
	make_file("text", "echo hello\n", 11, 0755);
	make_file("noexec", image, image_bytes, 0644);
	assert_int_equal(mkfifo(below("fifo"), 0755), 0);
	assert_int_equal(symlink("nowhere", below("dangling")), 0);
	assert_int_equal(inspect(below("missing")), TARGET_NOT_FOUND);
	assert_int_equal(inspect(below("dangling")), TARGET_NOT_FOUND);
	assert_int_equal(inspect(below("text/x")), TARGET_NOT_FOUND);
	assert_int_equal(inspect(long_name), TARGET_NOT_FOUND);
	assert_int_equal(inspect(root), TARGET_DIRECTORY);
	assert_int_equal(inspect(below("noexec")), TARGET_NOT_EXECUTABLE);
	assert_int_equal(inspect(below("fifo")), TARGET_NOT_EXECUTABLE);
	assert_int_equal(inspect(below("empty")), TARGET_NOT_PROGRAM);
	assert_int_equal(inspect(below("text")), TARGET_NOT_PROGRAM);
}

/* --- ELF ------------------------------------------------------------------------------------------- */

static void program_without_loader_is_static(void **state)
{
	(void)state;
	program_header(PT_INTERP)->p_type = PT_NULL;
	assert_int_equal(inspect_image(), TARGET_STATIC);
}

static void other_loader_is_another_libc(void **state)
{
	(void)state;
	strcpy(image + program_header(PT_INTERP)->p_offset, "/lib/ld-musl-x86_64.so.1");
	assert_int_equal(inspect_image(), TARGET_OTHER_LIBC);
}

static void other_machines_are_told(void **state)
{
	(void)state;
	Elf64_Ehdr *header = (Elf64_Ehdr *)image;
	Elf64_Half machine = header->e_machine;
	header->e_machine = EM_RISCV;
	assert_int_equal(inspect_image(), TARGET_OTHER_MACHINE);
	header->e_machine = machine;
	header->e_ident[EI_CLASS] = ELFCLASS32;
	assert_int_equal(inspect_image(), TARGET_OTHER_MACHINE);
}

static void damaged_programs_are_told(void **state)
{
	(void)state;
	Elf64_Ehdr *header = (Elf64_Ehdr *)image;
	Elf64_Half type = header->e_type;
	header->e_type = ET_REL;
	assert_int_equal(inspect_image(), TARGET_BROKEN);
	header->e_type = type;
	make_file("cut", image, 10, 0755);
	assert_int_equal(inspect(below("cut")), TARGET_BROKEN);
	program_header(PT_INTERP)->p_offset = (Elf64_Off)-1;
	assert_int_equal(inspect_image(), TARGET_BROKEN);
}

/* Any answer will do; the sanitizers watch how it is found. */
static void no_damage_is_fatal(void **state)
{
	(void)state;
	Elf64_Phdr *dynamic = program_header(PT_DYNAMIC);
	size_t places[] = {0, dynamic->p_offset};
	int fd = open(below("image"), O_RDWR | O_CREAT, 0755);
	assert_int_equal(write(fd, image, image_bytes), image_bytes);
	for (size_t i = 0; i < 2; i++) {
		for (size_t at = places[i]; at < places[i] + 1024; at++) {
			char damaged = (char)~image[at];
			assert_int_equal(pwrite(fd, &damaged, 1, (off_t)at), 1);
			inspect(below("image"));
			assert_int_equal(pwrite(fd, &image[at], 1, (off_t)at), 1);
		}
	}
	for (off_t size = 0; size < (off_t)image_bytes; size += 97) {
		make_file("cut", image, (size_t)size, 0755);
		inspect(below("cut"));
	}
	close(fd);
}

static void asan_runtime_is_found(void **state)
{
	(void)state;
	struct target target;
	char *name = memmem(image, image_bytes, "libc.so.6", 10);
	assert_non_null(name);
	memcpy(name, "libasan.8", 10);
	make_file("image", image, image_bytes, 0755);
	assert_int_equal(target_inspect(below("image"), &target), TARGET_OK);
	assert_string_equal(target.runtime, "libasan.8");
}

/* --- scripts --------------------------------------------------------------------------------------- */

static void script_is_judged_by_its_interpreter(void **state)
{
	(void)state;
	struct target target;
	char line[2 * PATH_MAX];
	program_header(PT_INTERP)->p_type = PT_NULL;
	make_file("static", image, image_bytes, 0755);
	make_script("good", "#! \t/bin/sh -e\nexit 0\n");
	make_script("bare", "#!\n");
	make_script("lost", "#!/nonexistent/sh\n");
	make_script("end", "#!/bin/sh");
	snprintf(line, sizeof line, "#!%s\n", below("static"));
	make_script("onstatic", line);
	assert_int_equal(target_inspect(below("good"), &target), TARGET_OK);
	assert_string_equal(target.program, below("good"));
	assert_string_equal(target.image, "/bin/sh");
	assert_int_equal(inspect(below("end")), TARGET_OK);
	assert_int_equal(inspect(below("bare")), TARGET_NOT_PROGRAM);
	assert_int_equal(inspect(below("lost")), TARGET_NOT_FOUND);
	assert_int_equal(target_inspect(below("onstatic"), &target), TARGET_STATIC);
	assert_string_equal(target.image, below("static"));
}

static void script_of_itself_ends(void **state)
{
	(void)state;
	char line[2 * PATH_MAX];
	snprintf(line, sizeof line, "#!%s\n", below("circle"));
	make_script("circle", line);
	assert_int_equal(inspect(below("circle")), TARGET_DEEP);
}

/* --- privileges ------------------------------------------------------------------------------------ */

static void other_ids_are_told(void **state)
{
	(void)state;
	if (!is_root())
		return;
	make_file("image", image, image_bytes, 0755);
	assert_int_equal(chmod(below("image"), 04755), 0);
	assert_int_equal(inspect(below("image")), TARGET_OK); /* ours already */
	assert_int_equal(chown(below("image"), STRANGER, STRANGER), 0);
	assert_int_equal(chmod(below("image"), 04755), 0);
	assert_int_equal(inspect(below("image")), TARGET_SETUID);
	assert_int_equal(chmod(below("image"), 02755), 0);
	assert_int_equal(inspect(below("image")), TARGET_SETUID);
	assert_int_equal(chmod(below("image"), 02745), 0);
	assert_int_equal(inspect(below("image")), TARGET_OK);
}

static enum target_result inspect_as_stranger(const char *path)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		if (setresuid(STRANGER, STRANGER, STRANGER) < 0)
			_exit(127);
		_exit(-inspect(path));
	}
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

static void file_capabilities_are_told(void **state)
{
	(void)state;
	/* Version 2, effective, CAP_NET_RAW. */
	static const uint32_t capability[5] = {0x02000001, 1u << 13};
	if (!is_root())
		return;
	make_file("image", image, image_bytes, 0755);
	assert_int_equal(inspect_as_stranger(below("image")), TARGET_OK);
	if (setxattr(below("image"), "security.capability", capability, sizeof capability, 0) < 0) {
		print_message("# not tested: no file capabilities here\n");
		return;
	}
	assert_int_equal(inspect(below("image")), TARGET_OK);
	assert_int_equal(inspect_as_stranger(below("image")), TARGET_CAPABLE);
}

static void unreadable_program_is_let_through(void **state)
{
	(void)state;
	if (!is_root())
		return;
	make_file("image", image, image_bytes, 0711);
	assert_int_equal(inspect_as_stranger(below("image")), TARGET_OK);
	make_file("image", image, image_bytes, 0700);
	assert_int_equal(inspect_as_stranger(below("image")), TARGET_NOT_EXECUTABLE);
}

static void every_result_has_words(void **state)
{
	(void)state;
	for (int result = TARGET_SYSTEM; result <= TARGET_OK; result++)
		assert_string_not_equal(target_words(result), "unknown result");
}

/* --- LD_PRELOAD ------------------------------------------------------------------------------------ */

static void value_is(const char *runtime, const char *existing, const char *wanted)
{
	char *value = ldpreload_value(runtime, "/b/shim.so", existing);
	assert_string_equal(value, wanted);
	free(value);
}

static void other_preloads_are_kept(void **state)
{
	(void)state;
	value_is(NULL, NULL, "/b/shim.so");
	value_is(NULL, "", "/b/shim.so");
	value_is(NULL, " : ", "/b/shim.so");
	value_is(NULL, "/a.so:b.so", "/b/shim.so:/a.so:b.so");
	value_is(NULL, ":/a.so  b.so: c.so ", "/b/shim.so:/a.so:b.so:c.so");
	value_is(NULL, "/a.so:/b/shim.so:/a.so", "/b/shim.so:/a.so");
	value_is(NULL, "/b/shim.so.1:/x/b/shim.so", "/b/shim.so:/b/shim.so.1:/x/b/shim.so");
}

static void sanitizer_comes_first(void **state)
{
	(void)state;
	value_is("libasan.so.8", NULL, "libasan.so.8:/b/shim.so");
	value_is("libasan.so.8", "a.so:libasan.so.8", "libasan.so.8:/b/shim.so:a.so");
	value_is(NULL, "a.so /l/libasan.so.8", "/l/libasan.so.8:/b/shim.so:a.so");
}

static void shim_is_found_from_a_directory(void **state)
{
	(void)state;
	char path[PATH_MAX], directory[PATH_MAX], wanted[PATH_MAX];
	snprintf(directory, sizeof directory, "%s", below("bin"));
	assert_non_null(realpath(root, wanted));
	assert_int_equal(mkdir(directory, 0755), 0);
	assert_int_equal(ldpreload_find_shim_from(directory, path), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(mkdir(below("lib"), 0755), 0);
	assert_int_equal(mkdir(below("lib/leakwatch"), 0755), 0);
	make_file("lib/leakwatch/libleakwatch.so", "", 0, 0644);
	assert_int_equal(ldpreload_find_shim_from(directory, path), 0);
	assert_string_equal(path, below("lib/leakwatch/libleakwatch.so"));
	make_file("bin/libleakwatch.so", "", 0, 0644);
	assert_int_equal(ldpreload_find_shim_from(directory, path), 0);
	assert_string_equal(path, below("bin/libleakwatch.so"));
	snprintf(directory, sizeof directory, "%s", below("a b"));
	assert_int_equal(mkdir(directory, 0755), 0);
	make_file("a b/libleakwatch.so", "", 0, 0644);
	assert_int_equal(ldpreload_find_shim_from(directory, path), -1);
	assert_int_equal(errno, EINVAL);
}

/* --- set-up ---------------------------------------------------------------------------------------- */

static int set_up(void **state)
{
	(void)state;
	strcpy(root, "/tmp/leakwatch-target.XXXXXX");
	if (!mkdtemp(root) || chmod(root, 0755) < 0)
		return -1;
	int fd = open("/bin/true", O_RDONLY);
	struct stat status;
	if (fd < 0 || fstat(fd, &status) < 0)
		return -1;
	image_bytes = (size_t)status.st_size;
	image = malloc(image_bytes);
	ssize_t got = read(fd, image, image_bytes);
	close(fd);
	return got == (ssize_t)image_bytes ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	char command[PATH_MAX + 32];
	free(image);
	snprintf(command, sizeof command, "rm -rf '%s'", root);
	return system(command);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(program_is_usable),
		TEST(path_is_searched),
		TEST(unusable_files_are_told_apart),
		TEST(program_without_loader_is_static),
		TEST(other_loader_is_another_libc),
		TEST(other_machines_are_told),
		TEST(damaged_programs_are_told),
		TEST(no_damage_is_fatal),
		TEST(asan_runtime_is_found),
		TEST(script_is_judged_by_its_interpreter),
		TEST(script_of_itself_ends),
		TEST(other_ids_are_told),
		TEST(file_capabilities_are_told),
		TEST(unreadable_program_is_let_through),
		TEST(every_result_has_words),
		TEST(other_preloads_are_kept),
		TEST(sanitizer_comes_first),
		TEST(shim_is_found_from_a_directory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
