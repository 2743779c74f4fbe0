/*
 * faketime.c - another preload that wraps much of what the shim wraps, before it and after.
 *
 * variant: faketime/libfaketimeMT.so.1 SHIM
 * variant: SHIM faketime/libfaketimeMT.so.1
 * env: FAKETIME=-3650d
 * expect: [.groups[] | select(any(.stack[]; .function == "threaded_park"))] | length == 1 and .[0].wait == "sem_wait"
 */
#include "tests/hostile/threaded.h"

int main(void)
{
	time_t now = time(NULL);
	struct tm *date = gmtime(&now);
	printf("it is %d\n", date->tm_year + 1900);
	return threaded_main();
}
