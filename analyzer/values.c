/*
 * values.c - text -> values, in place. It refuses everything that the writer never writes: signs,
 * leading blanks, upper-case hexadecimal, numbers that do not fit, broken percent codes.
 */
#include "analyzer/values.h"
#include "analyzer/number.h"
#include "analyzer/percent.h"
#include "preload/contract/dump.h"

#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool value_address(const char *text, uint64_t *address)
{
	size_t digits = 0;
	uint64_t sum = 0;
	if (text[0] != '0' || text[1] != 'x')
		return false;
	for (const char *at = text + 2; *at; at++, digits++) {
		int digit = hex_digit(*at);
		if (digit < 0)
			return false;
		sum = sum << 4 | (uint64_t)digit;
	}
	if (digits < 1 || digits > 16)
		return false;
	*address = sum;
	return true;
}

static const char *number_set(struct measured *to, const char *text, uint64_t most)
{
	if (number_parse(text, most, &to->value) < 0)
		return most == 1 ? "neither 0 nor 1" : "bad number";
	to->known = true;
	return NULL;
}

static const char *address_set(struct measured *to, const char *text)
{
	to->known = value_address(text, &to->value);
	return to->known ? NULL : "bad address";
}

const char *value_set(void *record, const struct field *field, char *text)
{
	void *member = (char *)record + field->offset;
	if (!strcmp(text, DUMP_ABSENT))
		return NULL;
	switch (field->type) {
	case VALUE_NUMBER:
		return number_set(member, text, UINT64_MAX);
	case VALUE_FLAG:
		return number_set(member, text, 1);
	case VALUE_ADDRESS:
		return address_set(member, text);
	case VALUE_TEXT:
		if (!*text)
			return "empty value";
		if (percent_decode(text, text, strlen(text) + 1) < 0)
			return "bad percent code";
		*(const char **)member = text;
		return NULL;
	case VALUE_STACK:
		break;
	}
	return "a stack where none can be";
}

char *value_next(char **text)
{
	char *word = *text;
	if (!word)
		return NULL;
	char *space = strchr(word, ' ');
	*text = space ? space + 1 : NULL;
	if (space)
		*space = '\0';
	return word;
}

const char *value_stack(char *text, struct pool *pool, struct stack *stack)
{
	uint64_t addresses[DUMP_FRAMES_MAX];
	unsigned depth = 0;
	char *word = value_next(&text);
	if (!word || strcmp(word, "@"))
		return "no '@'";
	while ((word = value_next(&text))) {
		if (depth == DUMP_FRAMES_MAX)
			return "more than 256 frames";
		/* pprof takes one off each: 0x0 would become the last address there is. */
		if (!value_address(word, &addresses[depth]) || !addresses[depth])
			return "bad address";
		depth++;
	}
	if (depth)
		stack->address = memcpy(pool_array(pool, depth, sizeof(*addresses)), addresses,
			depth * sizeof(*addresses));
	stack->depth = depth;
	return NULL;
}
