/*
 * asan.c - a program whose sanitizer runtime insists on being loaded first. build: -fsanitize=address
 */
#include <stdio.h>

int main(void)
{
	return puts("sanitized") < 0;
}
