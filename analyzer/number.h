/*
 * number.h - decimal numbers from foreign text.
 */
#ifndef LEAKWATCH_NUMBER_H
#define LEAKWATCH_NUMBER_H

#include <stdint.h>

/* TEXT is digits only, at least one, and at most MAX as a number. Returns 0, or -1 with *value
 * untouched: strtoull() would take spaces, signs and what follows the digits. */
int number_parse(const char *text, uint64_t max, uint64_t *value);

#endif
