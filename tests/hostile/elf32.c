/*
 * elf32.c - a child of the other word size, for which the shim is the wrong one: it runs; what its loader
 * says of the preload goes to standard error, and is the loader's.
 */
#include "tests/hostile/hostile.h"

int main(void)
{
	char path[] = "elf32.XXXXXX", command[512];
	int fd = mkstemp(path);
	MUST(fd >= 0);
	close(fd);
	snprintf(command, sizeof command,
		"printf '#include <stdio.h>\\nint main(void) { puts(\"32\"); return 6; }' |"
		" LD_PRELOAD= ${CC:-cc} -m32 -x c -o %s - 2>/dev/null",
		path);
	if (system(command) != 0) {
		unlink(path);
		puts("no compiler for 32 bits");
		return SKIP;
	}
	snprintf(command, sizeof command, "./%s 2>/dev/null; echo $?", path);
	MUST(system(command) == 0);
	unlink(path);
	return 0;
}
