/*
 * flag.c - numbers and durations out of text.
 */
#include "demos/flag.h"

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define YEAR_NS 31536000e9

static const struct unit {
	const char *name;
	double ns;
} units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};

_Noreturn void flag_refuse(const char *flag, const char *text, const char *wanted)
{
	errx(FLAG_UNUSABLE, "-%s: \"%s\" is not %s", flag, text, wanted);
}

unsigned long flag_number(const char *flag, const char *text, unsigned long low, unsigned long high)
{
	char *end, wanted[80];
	errno = 0;
	unsigned long number = strtoul(text, &end, 10);
	if (isdigit((unsigned char)*text) && !*end && !errno && number >= low && number <= high)
		return number;
	snprintf(wanted, sizeof wanted, "a whole number from %lu to %lu", low, high);
	flag_refuse(flag, text, wanted);
}

static double unit_ns(const char *name)
{
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strcmp(units[i].name, name) == 0)
			return units[i].ns;
	return 0;
}

uint64_t flag_duration(const char *flag, const char *text)
{
	char *end = NULL;
	if (strcmp(text, "0") == 0)
		return 0;
	/* Digits and a point only: strtod would take "0x1p3" and "inf" too. */
	size_t digits = strspn(text, "0123456789.");
	double number = strtod(text, &end);
	double ns = number * unit_ns(end);
	if (digits == 0 || end != text + digits || unit_ns(end) == 0 || ns > YEAR_NS)
		flag_refuse(flag, text, "a duration such as 80ms or 1.5s");
	return (uint64_t)ns;
}
