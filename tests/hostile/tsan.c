/*
 * tsan.c - a thread-sanitized program, its runtime before the shim and after. The runtime wants to know
 * where the process's memory lies: it is started once more without randomisation.
 * build: -fsanitize=thread
 *
 * variant: SHIM
 * variant: libtsan.so.2 SHIM
 * expect: [.groups[] | select(any(.stack[]; .function == "threaded_park"))] | length == 1
 */
#include "tests/hostile/threaded.h"

#include <sys/personality.h>

int main(int argc, char **argv)
{
	(void)argc;
	if (!(personality(0xffffffff) & ADDR_NO_RANDOMIZE)) {
		personality(personality(0xffffffff) | ADDR_NO_RANDOMIZE);
		execv("/proc/self/exe", argv);
	}
	return threaded_main();
}
