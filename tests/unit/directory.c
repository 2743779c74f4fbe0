/*
 * directory.c - which directory is found and trusted, and what is listed in it and in which order.
 */
#include "analyzer/directory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define STRANGER 65534

static char root[PATH_MAX];

/* PATH below the test's own directory; overwritten by the next call but three. */
static const char *below(const char *name)
{
	static char paths[4][2 * PATH_MAX];
	static unsigned next;
	char *path = paths[next++ % 4];
	snprintf(path, sizeof paths[0], "%s/%s", root, name);
	return path;
}

static void make_file(const char *name, int64_t modified_s)
{
	struct timespec times[2] = {{.tv_sec = modified_s}, {.tv_sec = modified_s}};
	int fd = open(below(name), O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static void make_socket(pid_t pid)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/%d.sock", root, pid);
	assert_true((size_t)length < sizeof address.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	close(fd);
}

static void open_root(struct directory *directory)
{
	assert_int_equal(directory_open(root, directory), 0);
}

/* Else says so. cmocka's skip() is a failure to prove. */
static bool is_root(void)
{
	if (geteuid() == 0)
		return true;
	print_message("# not tested: needs root\n");
	return false;
}

/* --- names ----------------------------------------------------------------------------------------- */

static void dump_names_are_read(void **state)
{
	(void)state;
	struct directory_dump dump;
	assert_int_equal(directory_dump_parse("memcached-4711-8812-000003.dump", &dump), 0);
	assert_string_equal(dump.name, "memcached-4711-8812-000003.dump");
	assert_string_equal(dump.comm, "memcached");
	assert_int_equal(dump.pid, 4711);
	assert_int_equal(dump.start_ticks, 8812);
	assert_int_equal(dump.sequence, 3);
	assert_int_equal(directory_dump_parse("a-b-7%2F%20-1-2-1234567.dump", &dump), 0);
	assert_string_equal(dump.comm, "a-b-7/ ");
	assert_int_equal(dump.sequence, 1234567);
	assert_int_equal(directory_dump_parse("%-1-2-000001.dump", &dump), 0);
	assert_string_equal(dump.comm, "");
}

static void other_names_are_not_dumps(void **state)
{
	(void)state;
	static const char *const names[] = {
		"",
		".dump",
		"x",
		"a-1-2.dump",
		"-1-2-3",
		".a-1-2-000003.dump",
		"a-1-2-000003.dump~",
		"a-1-2-.dump",
		"a-1--3.dump",
		"a-x-2-3.dump",
		"a-1-2-0x3.dump",
		"a-+1-2-3.dump",
		"a-99999999999-2-3.dump",
		"a-1-2-99999999999999999999999.dump",
		"a%0-1-2-3.dump",
		"a%00-1-2-3.dump",
	};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct directory_dump dump;
		if (directory_dump_parse(names[i], &dump) == 0)
			print_message("# name: %s\n", names[i]);
		assert_int_equal(directory_dump_parse(names[i], &dump), -1);
	}
}

/* --- lists ----------------------------------------------------------------------------------------- */

static void dumps_are_listed_by_process(void **state)
{
	(void)state;
	struct directory directory;
	struct directory_dumps list;
	make_file("old-5-10-000001.dump", 100);
	make_file("old-5-10-000002.dump", 300);
	make_file("new-6-10-000001.dump", 200);
	make_file("new-6-10-000002.dump", 400);
	make_file("old-5-99-000001.dump", 50); /* the pid again, another process */
	make_file("new-6-10-000003.dump", 1); /* copied: the sequence says more than the time */
	make_file(".new-6-10-000004.dump", 500);
	make_file("notes.txt", 500);
	assert_int_equal(symlink("notes.txt", below("link-7-1-000001.dump")), 0);
	assert_int_equal(mkdir(below("dir-7-1-000001.dump"), 0700), 0);
	open_root(&directory);
	assert_int_equal(directory_dumps_list(&directory, &list), 0);
	static const char *const wanted[] = {
		"new-6-10-000003.dump",
		"new-6-10-000002.dump",
		"new-6-10-000001.dump",
		"old-5-10-000002.dump",
		"old-5-10-000001.dump",
		"old-5-99-000001.dump",
	};
	assert_int_equal(list.count, sizeof wanted / sizeof *wanted);
	for (size_t i = 0; i < list.count; i++)
		assert_string_equal(list.dumps[i].name, wanted[i]);
	assert_int_equal(list.dumps[1].modified_ns, 400000000000);
	directory_dumps_free(&list);
	directory_close(&directory);
}

static void many_dumps_and_none_are_listed(void **state)
{
	(void)state;
	struct directory directory;
	struct directory_dumps list;
	open_root(&directory);
	assert_int_equal(directory_dumps_list(&directory, &list), 0);
	assert_int_equal(list.count, 0);
	directory_dumps_free(&list);
	for (int i = 1; i <= 200; i++) {
		char name[64];
		snprintf(name, sizeof name, "a-1-1-%06d.dump", i);
		make_file(name, 1);
	}
	assert_int_equal(directory_dumps_list(&directory, &list), 0);
	assert_int_equal(list.count, 200);
	for (size_t i = 0; i < 200; i++)
		assert_int_equal(list.dumps[i].sequence, 200 - i);
	directory_dumps_free(&list);
	directory_close(&directory);
}

static void sockets_are_listed_and_removed(void **state)
{
	(void)state;
	struct directory directory;
	struct directory_sockets list;
	make_socket(30);
	make_socket(4);
	make_file("x.sock", 1);
	make_file("5.sock.old", 1);
	open_root(&directory);
	assert_int_equal(directory_sockets_list(&directory, &list), 0);
	assert_int_equal(list.count, 2);
	assert_int_equal(list.pids[0], 4);
	assert_int_equal(list.pids[1], 30);
	directory_sockets_free(&list);
	assert_int_equal(directory_socket_remove(&directory, 4), 0);
	assert_int_equal(directory_socket_remove(&directory, 4), -1);
	assert_int_equal(directory_sockets_list(&directory, &list), 0);
	assert_int_equal(list.count, 1);
	directory_sockets_free(&list);
	directory_close(&directory);
}

static void file_path_is_bounded(void **state)
{
	(void)state;
	struct directory directory;
	char path[PATH_MAX], name[PATH_MAX];
	open_root(&directory);
	assert_int_equal(directory_file_path(&directory, "a.dump", path), 0);
	assert_string_equal(path, below("a.dump"));
	memset(name, 'a', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	assert_int_equal(directory_file_path(&directory, name, path), -1);
	assert_int_equal(errno, ENAMETOOLONG);
	directory_close(&directory);
}

/* --- trust ----------------------------------------------------------------------------------------- */

static void opened(const char *path, int error)
{
	struct directory directory;
	int result = directory_open(path, &directory);
	int got = result < 0 ? errno : 0;
	directory_close(&directory);
	directory_close(&directory);
	if (got != error)
		print_message("# path: %s\n", path);
	assert_int_equal(got, error);
}

static void named_directory_may_be_our_link(void **state)
{
	(void)state;
	char path[2 * PATH_MAX];
	make_file("file", 1);
	assert_int_equal(mkdir(below("real"), 0700), 0);
	assert_int_equal(symlink("real", below("ours")), 0);
	assert_int_equal(symlink("nowhere", below("dangling")), 0);
	memset(path, 'a', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	opened(below("real"), 0);
	opened(below("ours"), 0);
	opened(below("dangling"), ENOENT);
	opened(below("missing"), ENOENT);
	opened(below("file"), ENOTDIR);
	opened(path, ENAMETOOLONG);
}

static void strangers_link_is_refused(void **state)
{
	(void)state;
	if (!is_root())
		return;
	assert_int_equal(mkdir(below("real"), 0700), 0);
	assert_int_equal(symlink("real", below("theirs")), 0);
	assert_int_equal(lchown(below("theirs"), STRANGER, STRANGER), 0);
	opened(below("theirs"), EPERM);
}

static void own_directory_follows_the_environment(void **state)
{
	(void)state;
	struct directory directory;
	char wanted[64];
	setenv("LEAKWATCH_DIR", root, 1);
	assert_int_equal(directory_open_own(&directory), 0);
	assert_string_equal(directory.path, root);
	assert_int_equal(directory.owner, geteuid());
	directory_close(&directory);
	setenv("LEAKWATCH_DIR", below("missing"), 1);
	assert_int_equal(directory_open_own(&directory), -1);
	assert_string_equal(directory.path, below("missing"));
	snprintf(wanted, sizeof wanted, "/tmp/leakwatch-%u", geteuid());
	static const char *const unusable[] = {"", "relative/path"};
	for (size_t i = 0; i < 2; i++) {
		setenv("LEAKWATCH_DIR", unusable[i], 1);
		directory_open_own(&directory); /* may or may not be there */
		assert_string_equal(directory.path, wanted);
		directory_close(&directory);
	}
	unsetenv("LEAKWATCH_DIR");
}

/* Runs CHECK as a user who has no directory in /tmp yet, so that its name there is free to spoil. */
static void as_new_user(void (*check)(const char *path))
{
	struct stat status;
	char path[64];
	uid_t user = 61000;
	if (!is_root())
		return;
	do
		snprintf(path, sizeof path, "/tmp/leakwatch-%u", ++user);
	while (lstat(path, &status) == 0);
	assert_int_equal(seteuid(user), 0);
	check(path);
	assert_int_equal(seteuid(0), 0);
}

static int open_own(void)
{
	struct directory directory;
	int result = directory_open_own(&directory);
	int error = errno;
	directory_close(&directory);
	return result == 0 ? 0 : error;
}

static void check_default(const char *path)
{
	int results[6], i = 0;
	results[i++] = open_own(); /* missing */
	mkdir(path, 0700);
	results[i++] = open_own(); /* ours */
	chmod(path, 0770);
	results[i++] = open_own(); /* another may write */
	rmdir(path);
	symlink(root, path);
	results[i++] = open_own(); /* a link, though ours */
	unlink(path);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	results[i++] = open_own(); /* a file */
	unlink(path);
	uid_t user = geteuid();
	assert_int_equal(seteuid(0), 0);
	mkdir(path, 0755);
	assert_int_equal(seteuid(user), 0);
	results[i++] = open_own(); /* another's */
	assert_int_equal(seteuid(0), 0);
	rmdir(path);
	static const int wanted[6] = {ENOENT, 0, EPERM, EPERM, EPERM, EPERM};
	assert_memory_equal(results, wanted, sizeof wanted);
}

static void default_directory_is_checked(void **state)
{
	(void)state;
	as_new_user(check_default);
}

/* --- of a process ---------------------------------------------------------------------------------- */

/* Starts a process with LEAKWATCH_DIR=DIRECTORY that stays until its input, *hold, closes. */
static pid_t start_process(const char *directory, int *hold)
{
	int input[2], ready[2];
	char byte;
	assert_int_equal(pipe2(input, O_CLOEXEC), 0);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		char variable[PATH_MAX + 32];
		snprintf(variable, sizeof variable, "LEAKWATCH_DIR=%s", directory);
		char *const environment[] = {variable, NULL};
		char *const arguments[] = {"cat", NULL};
		dup2(input[0], 0);
		execve("/bin/cat", arguments, environment);
		_exit(1);
	}
	close(input[0]);
	close(ready[1]);
	/* The environment is the new one once exec has closed this pipe. */
	assert_int_equal(read(ready[0], &byte, 1), 0);
	close(ready[0]);
	*hold = input[1];
	return pid;
}

static void process_tells_its_directory(void **state)
{
	(void)state;
	struct directory directory;
	struct directories all;
	int hold;
	pid_t pid = start_process(root, &hold);
	assert_int_equal(directory_open_of_process(pid, &directory), -1);
	assert_int_equal(errno, ENOENT);
	make_socket(pid);
	assert_int_equal(directory_open_of_process(pid, &directory), 0);
	assert_string_equal(directory.path, root);
	directory_close(&directory);
	assert_int_equal(directories_open_all(&all), 0);
	size_t found = 0;
	for (size_t i = 0; i < all.count; i++)
		found += strcmp(all.directories[i].path, root) == 0;
	assert_int_equal(found, 1);
	directories_close(&all);
	close(hold);
	waitpid(pid, NULL, 0);
	assert_int_equal(directory_open_of_process(pid, &directory), -1);
	assert_int_equal(errno, ESRCH);
}

static bool lists(const char *path)
{
	struct directories all;
	bool found = false;
	assert_int_equal(directories_open_all(&all), 0);
	for (size_t i = 0; i < all.count; i++)
		found |= strcmp(all.directories[i].path, path) == 0;
	directories_close(&all);
	return found;
}

/* This process was not started with a LEAKWATCH_DIR that leads there, as one that hides it. */
static void kernel_tells_where_a_process_listens(void **state)
{
	(void)state;
	struct directory directory;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int length = snprintf(
		address.sun_path, sizeof address.sun_path, "%s/%d.sock", root, (int)getpid());
	assert_true((size_t)length < sizeof address.sun_path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(directory_open_of_process(getpid(), &directory), -1);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(directory_open_of_process(getpid(), &directory), 0);
	assert_string_equal(directory.path, root);
	directory_close(&directory);
	assert_false(lists(root)); /* for the shim is not in this process */
	close(fd);
}

/* --- set-up ---------------------------------------------------------------------------------------- */

static int make_root(void **state)
{
	(void)state;
	strcpy(root, "/tmp/leakwatch-directory.XXXXXX");
	unsetenv("LEAKWATCH_DIR");
	return mkdtemp(root) ? chmod(root, 0711) : -1;
}

static int remove_root(void **state)
{
	(void)state;
	char command[PATH_MAX + 32];
	snprintf(command, sizeof command, "rm -rf '%s'", root);
	return system(command);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_root, remove_root)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(dump_names_are_read),
		TEST(other_names_are_not_dumps),
		TEST(dumps_are_listed_by_process),
		TEST(many_dumps_and_none_are_listed),
		TEST(sockets_are_listed_and_removed),
		TEST(file_path_is_bounded),
		TEST(named_directory_may_be_our_link),
		TEST(strangers_link_is_refused),
		TEST(own_directory_follows_the_environment),
		TEST(default_directory_is_checked),
		TEST(process_tells_its_directory),
		TEST(kernel_tells_where_a_process_listens),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
