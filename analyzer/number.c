/*
 * number.c - decimal numbers from foreign text: all digits and in range, or refused.
 */
#include "analyzer/number.h"

int number_parse(const char *text, uint64_t max, uint64_t *value)
{
	uint64_t number = 0;
	if (!*text)
		return -1;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		uint64_t digit = (uint64_t)(*text - '0');
		if (__builtin_mul_overflow(number, 10, &number) ||
			__builtin_add_overflow(number, digit, &number) || number > max)
			return -1;
	}
	*value = number;
	return 0;
}
