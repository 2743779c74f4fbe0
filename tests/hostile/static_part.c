/*
 * static_part.c - a program without a loader, run by pipeline.c. Not -shared, but run on its own, too.
 * build: -static
 */
#include <stdio.h>

int main(void)
{
	puts("no loader");
	return 5;
}
