/*
 * elf32.c - a child of the other word size, for which the shim is the wrong one: it runs. Its loader, and nobody else,
 * says so on standard error, in one line.
 */
#include "tests/hostile/hostile.h"

int main(void)
{
	char path[] = "elf32.XXXXXX", command[512];
	int fd = mkstemp(path);
	MUST(fd >= 0);
	close(fd);
	snprintf(command, sizeof command,
		/* No library: a compiler for 32 bits may be without. */
		"printf 'void _start(void) { __asm__(\"int $0x80\" : : \"a\"(1), \"b\"(6)); }' |"
		" LD_PRELOAD= ${CC:-cc} -m32 -nostdlib -fpie -pie "
		"-Wl,-dynamic-linker,/lib/ld-linux.so.2"
		" -x c -o %s - 2>/dev/null && test -e /lib/ld-linux.so.2",
		path);
	if (system(command) != 0) {
		unlink(path);
		puts("no compiler or no loader for 32 bits");
		return SKIP;
	}
	snprintf(command, sizeof command,
		"./%s 2>said; echo $?;"
		" grep -vc 'libleakwatch.so. from LD_PRELOAD cannot be preloaded (wrong ELF class' "
		"said;"
		" [ $(wc -l <said) -le 1 ]",
		path);
	MUST(system(command) == 0);
	unlink(path);
	return 0;
}
