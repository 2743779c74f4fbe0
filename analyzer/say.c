/*
 * say.c - die, warn, bug: the three ways in which the analyzer talks on stderr.
 */
#include "analyzer/say.h"
#include "analyzer/commands.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void say(const char *format, va_list arguments)
{
	fputs("leakwatch: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

void die(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
	exit(EXIT_UNUSABLE);
}

void warn(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
}

void bug_at(const char *file, int line, const char *format, ...)
{
	va_list arguments;
	fprintf(stderr, "leakwatch: bug at %s:%d: ", file, line);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	abort();
}
