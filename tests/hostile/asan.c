/*
 * asan.c - an address-sanitized program, whose runtime must come first, as `leakwatch run` sees to.
 * build: -fsanitize=address
 *
 * variant: libasan.so.8 SHIM
 * expect: [.groups[] | select(any(.stack[]; .function == "threaded_park"))] | length == 1
 */
#include "tests/hostile/threaded.h"

int main(void)
{
	return threaded_main();
}
