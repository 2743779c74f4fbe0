/*
 * target.h - looks at a program before it is started, and says whether the loader will preload into it.
 */
#ifndef LEAKWATCH_TARGET_H
#define LEAKWATCH_TARGET_H

#include <limits.h>

enum target_result {
	TARGET_OK = 0,
	TARGET_NOT_FOUND = -1, /* no such file, or in no directory of PATH */
	TARGET_DIRECTORY = -2,
	TARGET_NOT_EXECUTABLE = -3, /* no permission to execute it */
	TARGET_NOT_PROGRAM = -4, /* neither ELF nor a script with #! */
	TARGET_BROKEN = -5, /* ELF, but damaged or not a program */
	TARGET_OTHER_MACHINE = -6,
	TARGET_STATIC = -7, /* names no loader: LD_PRELOAD is read by nobody */
	TARGET_OTHER_LIBC = -8, /* its loader is not glibc's */
	TARGET_SETUID = -9, /* runs with other ids than ours: the loader ignores LD_PRELOAD */
	TARGET_CAPABLE = -10, /* gains file capabilities: likewise */
	TARGET_DEEP =
		-11, /* scripts interpreted by scripts, more of them than the kernel follows */
	TARGET_SYSTEM = -12, /* a system call failed; errno says why */
};

struct target {
	char program[PATH_MAX]; /* what to execute: the command, found in PATH if it has no slash */
	char image
		[PATH_MAX]; /* what was looked at last: the program, or its script's interpreter */
	char runtime[NAME_MAX + 1]; /* the ASan library it needs, as named in it; empty: none */
};

/* Looks at COMMAND, as execvp() would find it. A script is judged by its interpreter. A program that
 * may be executed but not read is taken to be usable. The image is filled in as far as it was found,
 * with any result. Runs nothing. */
enum target_result target_inspect(const char *command, struct target *target);

/* What a person reads after "cannot watch IMAGE: ". A static text. */
const char *target_words(enum target_result result);

#endif
