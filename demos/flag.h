/*
 * flag.h - values of command line flags as Go writes them. For main functions only: a value that is
 * none says so in one line on stderr and exits with FLAG_UNUSABLE.
 */
#ifndef LEAKWATCH_DEMO_FLAG_H
#define LEAKWATCH_DEMO_FLAG_H

#include <stdint.h>

enum { FLAG_UNUSABLE = 2 };

/* A whole number from low to high. */
unsigned long flag_number(
	const char *flag, const char *text, unsigned long low, unsigned long high);

/* A duration such as 80ms or 1.5s, in nanoseconds: a number and one of ns us ms s m h; 0 needs no
 * unit. At most a year. */
uint64_t flag_duration(const char *flag, const char *text);

/* Says that the value of a flag is not usable, and what would be; exits with FLAG_UNUSABLE. */
_Noreturn void flag_refuse(const char *flag, const char *text, const char *wanted);

#endif
