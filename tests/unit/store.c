/*
 * store.c - dumps in a directory: what is written, kept and removed, which directories are refused, and
 * that a failure leaves nothing behind and is counted.
 */
#include "preload/store.h"
#include "preload/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define USER 64321 /* some other user, who has no default directory yet */

static char root[64], path[STORE_PATH_BYTES];

/* PATH below the test's own directory; overwritten by the next call but one. */
static const char *below(const char *name)
{
	static char paths[2][512];
	static unsigned next;
	char *to = paths[next++ % 2];
	snprintf(to, sizeof paths[0], "%s/%s", root, name);
	return to;
}

static int store(const char *content, uint64_t sequence)
{
	struct text text = {0};
	text_put(&text, content);
	int error = store_dump(&text, sequence, path);
	text_free(&text);
	return error;
}

static void assert_content(const char *name, const char *wanted)
{
	char content[256];
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	ssize_t bytes = read(fd, content, sizeof content - 1);
	close(fd);
	assert_true(bytes >= 0);
	content[bytes] = '\0';
	assert_string_equal(content, wanted);
}

static int entries_of(const char *directory)
{
	DIR *stream = opendir(directory);
	int count = -2; /* . and .. */
	if (!stream)
		return -1;
	while (readdir(stream))
		count++;
	closedir(stream);
	return count;
}

/* Else says so. cmocka's skip() is a failure to prove. */
static bool is_root(void)
{
	if (geteuid() == 0)
		return true;
	print_message("# not tested: needs root\n");
	return false;
}

/* Runs a check in a child, so that its limits, ids and mounts are its own. It says what is wrong. */
static void in_child(const char *(*check)(void))
{
	int status;
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		const char *wrong = check();
		if (wrong)
			dprintf(STDERR_FILENO, "# %s\n", wrong);
		_exit(wrong != NULL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* --- names and content ------------------------------------------------------------------------------------ */

static void a_dump_has_its_name_and_content(void **state)
{
	(void)state;
	assert_int_equal(store("first\n", 1), 0);
	assert_string_equal(path, below("d/host-4711-8812-000001.dump"));
	assert_content(path, "first\n");
	struct stat status;
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(stat(below("d"), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	assert_int_equal(entries_of(below("d")), 1);
	assert_int_equal(store("second\n", 1234567), 0);
	assert_string_equal(path, below("d/host-4711-8812-1234567.dump"));
	assert_int_equal(store_unwritten + store_refused, 0);
}

static void a_name_cannot_lead_elsewhere(void **state)
{
	(void)state;
	static const struct {
		const char *process, *wanted;
	} cases[] = {
		{"../../etc", "_._.._etc-1-2-000001.dump"},
		{"kworker/0:1", "kworker_0_1-1-2-000001.dump"},
		{"a b\n\xff", "a_b__-1-2-000001.dump"},
		{".hidden", "_hidden-1-2-000001.dump"},
		{"", "-1-2-000001.dump"},
		{"x86_64.so", "x86_64.so-1-2-000001.dump"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		store_begin(cases[i].process, 1, 2);
		assert_int_equal(store("x", 1), 0);
		const char *name = strrchr(path, '/') + 1;
		assert_string_equal(name, cases[i].wanted);
		assert_int_equal(access(path, F_OK), 0);
	}
}

static void the_newest_are_kept(void **state)
{
	(void)state;
	config.keep = 3;
	/* Another process's are not touched. */
	store_begin("other", 1, 2);
	store("x", 1);
	store_begin("host", 4711, 8812);
	for (uint64_t sequence = 1; sequence <= 10; sequence++)
		assert_int_equal(store("x", sequence), 0);
	assert_int_equal(entries_of(below("d")), 3 + 1);
	assert_int_equal(access(below("d/host-4711-8812-000007.dump"), F_OK), -1);
	assert_int_equal(access(below("d/host-4711-8812-000008.dump"), F_OK), 0);
	assert_int_equal(access(below("d/host-4711-8812-000010.dump"), F_OK), 0);
	assert_int_equal(access(below("d/other-1-2-000001.dump"), F_OK), 0);
}

static void keeping_none_away_keeps_all(void **state)
{
	(void)state;
	config.keep = 0;
	for (uint64_t sequence = 1; sequence <= 100; sequence++)
		assert_int_equal(store("x", sequence), 0);
	assert_int_equal(entries_of(below("d")), 100);
}

static void a_broken_off_file_is_replaced(void **state)
{
	(void)state;
	mkdir(below("d"), 0700);
	int fd = open(below("d/.host-4711-8812-000001.dump"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "half", 4), 4);
	close(fd);
	assert_int_equal(store("whole", 1), 0);
	assert_content(path, "whole");
	assert_int_equal(entries_of(below("d")), 1);
}

static void a_planted_link_is_not_followed(void **state)
{
	(void)state;
	mkdir(below("d"), 0700);
	int fd = open(below("victim"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	assert_int_equal(symlink("../victim", below("d/.host-4711-8812-000001.dump")), 0);
	assert_int_equal(store("content", 1), 0);
	assert_content(below("victim"), "");
	assert_content(below("d/host-4711-8812-000001.dump"), "content");
}

/* --- directories -------------------------------------------------------------------------------------------- */

static void a_vanished_directory_is_made_again(void **state)
{
	(void)state;
	assert_int_equal(store("x", 1), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(below("d")), 0);
	assert_int_equal(store("again", 2), 0);
	assert_content(below("d/host-4711-8812-000002.dump"), "again");
	assert_int_equal(store_unwritten, 0);
}

static void a_directory_moved_away_goes_on(void **state)
{
	(void)state;
	assert_int_equal(store("x", 1), 0);
	assert_int_equal(rename(below("d"), below("e")), 0);
	assert_int_equal(store("y", 2), 0);
	assert_int_equal(entries_of(below("e")), 2);
}

static void without_a_parent_it_is_refused_until_there_is_one(void **state)
{
	(void)state;
	strcpy(config.directory, below("none/d"));
	assert_int_equal(store("x", 1), -ENOENT);
	assert_int_equal(store_unwritten, 1);
	assert_int_equal(store_refused, 2); /* looked for twice */
	assert_int_equal(mkdir(below("none"), 0700), 0);
	assert_int_equal(store("x", 2), 0);
	assert_int_equal(store_unwritten, 1);
}

static void what_is_no_directory_is_refused(void **state)
{
	(void)state;
	int fd = open(below("d"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	assert_int_equal(store("x", 1), -ENOTDIR);
	assert_int_equal(store_unwritten, 1);
	assert_content(below("d"), "");
}

static const char *store_read_only(void)
{
	if (chown(root, USER, USER) || mkdir(below("d"), 0500) || chown(below("d"), USER, USER) ||
		setresuid(USER, USER, USER))
		return "cannot become another user";
	if (store("x", 1) != -EACCES || store_unwritten != 1)
		return "written to a directory that is read-only";
	if (chmod(below("d"), 0700) || store("x", 2))
		return "not written to a directory that is writable again";
	return entries_of(below("d")) == 1 ? NULL : "something was left behind";
}

static void a_read_only_directory_is_tried_again(void **state)
{
	(void)state;
	if (is_root())
		in_child(store_read_only);
}

/* --- the default directory: in /tmp, where anybody may have made it first ---------------------------------- */

static char shared[64];

static const char *store_as_user(void)
{
	if (setresgid(USER, USER, USER) || setresuid(USER, USER, USER))
		return "cannot become another user";
	if (store("x", 1) == 0)
		return "written where others can interfere";
	if (store_refused == 0 || store_unwritten != 1)
		return "refused, and not counted";
	return NULL;
}

static const char *store_as_user_in_own(void)
{
	if (setresgid(USER, USER, USER) || setresuid(USER, USER, USER))
		return "cannot become another user";
	struct stat status;
	if (store("x", 1))
		return "refused, though it is the user's own";
	if (stat(shared, &status) || status.st_uid != USER || (status.st_mode & 07777) != 0700)
		return "made with another owner or mode";
	if (strncmp(path, shared, strlen(shared)) != 0 || unlink(path))
		return "not written there";
	return NULL;
}

static void remove_all(const char *name)
{
	char command[128];
	snprintf(command, sizeof command, "rm -rf '%s'", name);
	assert_int_equal(system(command), 0);
}

/* A test that failed earlier may have left one. */
static bool default_directory_begin(void)
{
	if (!is_root())
		return false;
	config.directory[0] = '\0';
	snprintf(shared, sizeof shared, "/tmp/leakwatch-%d", USER);
	remove_all(shared);
	return true;
}

static void the_default_directory_is_made(void **state)
{
	(void)state;
	if (!default_directory_begin())
		return;
	in_child(store_as_user_in_own);
	in_child(store_as_user_in_own); /* and used again */
	assert_int_equal(rmdir(shared), 0);
}

static void the_default_directory_may_not_be_anothers(void **state)
{
	(void)state;
	if (!default_directory_begin())
		return;
	assert_int_equal(mkdir(shared, 0777), 0);
	assert_int_equal(chmod(shared, 0777), 0);
	in_child(store_as_user);
	assert_int_equal(rmdir(shared), 0);
}

static void the_default_directory_may_not_be_open_to_others(void **state)
{
	(void)state;
	static const mode_t modes[] = {0770, 0702, 0720, 0707};
	for (size_t i = 0; i < sizeof modes / sizeof *modes && default_directory_begin(); i++) {
		assert_int_equal(mkdir(shared, 0700), 0);
		assert_int_equal(chmod(shared, modes[i]), 0);
		assert_int_equal(chown(shared, USER, USER), 0);
		in_child(store_as_user);
		assert_int_equal(rmdir(shared), 0);
	}
}

static void the_default_directory_may_not_be_a_link(void **state)
{
	(void)state;
	if (!default_directory_begin())
		return;
	assert_int_equal(mkdir(below("own"), 0700), 0);
	assert_int_equal(chown(root, USER, USER), 0);
	assert_int_equal(chown(below("own"), USER, USER), 0);
	assert_int_equal(symlink(below("own"), shared), 0);
	in_child(store_as_user);
	assert_int_equal(unlink(shared), 0);
}

/* --- full disks ---------------------------------------------------------------------------------------------- */

static struct text large(void)
{
	struct text text = {0};
	for (int i = 0; i < 20000; i++)
		text_put(&text, "fifty bytes of text for a dump that is too large.\n");
	return text;
}

static const char *store_limited(void)
{
	struct text text = large();
	struct rlimit limit = {100000, 100000};
	signal(SIGXFSZ, SIG_IGN); /* as good as blocked, which the watcher has it */
	setrlimit(RLIMIT_FSIZE, &limit);
	if (store_dump(&text, 1, path) != -EFBIG || store_unwritten != 1)
		return "too large, and no error";
	if (entries_of(below("d")) != 0)
		return "something was left behind";
	if (store("small", 2) || entries_of(below("d")) != 1)
		return "a smaller one was not written";
	return NULL;
}

static void a_file_that_may_not_grow_is_removed(void **state)
{
	(void)state;
	in_child(store_limited);
}

static const char *store_on_small_disk(void)
{
	struct text text = large();
	mkdir(below("d"), 0700);
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		mount("tmpfs", below("d"), "tmpfs", 0, "size=256k")) {
		dprintf(STDERR_FILENO, "# not tested: may not mount\n");
		return NULL;
	}
	if (store_dump(&text, 1, path) != -ENOSPC || store_unwritten != 1)
		return "no space, and no error";
	if (entries_of(below("d")) != 0)
		return "something was left behind";
	if (store("small", 2) || entries_of(below("d")) != 1)
		return "a smaller one was not written";
	return NULL;
}

static void on_a_full_disk_nothing_is_left(void **state)
{
	(void)state;
	if (is_root())
		in_child(store_on_small_disk);
}

/* --- the end -------------------------------------------------------------------------------------------------- */

static int begin(void **state)
{
	(void)state;
	strcpy(root, "/tmp/leakwatch-unit.XXXXXX");
	if (!mkdtemp(root))
		return -1;
	config.keep = 60;
	strcpy(config.directory, below("d"));
	store_begin("host", 4711, 8812);
	*path = '\0';
	return 0;
}

static int end(void **state)
{
	(void)state;
	remove_all(root);
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_dump_has_its_name_and_content),
		TEST(a_name_cannot_lead_elsewhere),
		TEST(the_newest_are_kept),
		TEST(keeping_none_away_keeps_all),
		TEST(a_broken_off_file_is_replaced),
		TEST(a_planted_link_is_not_followed),
		TEST(a_vanished_directory_is_made_again),
		TEST(a_directory_moved_away_goes_on),
		TEST(without_a_parent_it_is_refused_until_there_is_one),
		TEST(what_is_no_directory_is_refused),
		TEST(a_read_only_directory_is_tried_again),
		TEST(the_default_directory_is_made),
		TEST(the_default_directory_may_not_be_anothers),
		TEST(the_default_directory_may_not_be_open_to_others),
		TEST(the_default_directory_may_not_be_a_link),
		TEST(a_file_that_may_not_grow_is_removed),
		TEST(on_a_full_disk_nothing_is_left),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
