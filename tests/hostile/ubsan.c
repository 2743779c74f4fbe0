/*
 * ubsan.c - a program with the undefined behaviour sanitizer.
 * build: -fsanitize=undefined -fno-sanitize-recover=all
 *
 * expect: [.groups[] | select(any(.stack[]; .function == "threaded_park"))] | length == 1
 */
#include "tests/hostile/threaded.h"

int main(void)
{
	return threaded_main();
}
