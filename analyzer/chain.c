/*
 * chain.c - a text of links -> records. What belongs to each word is in the table below; docs/dump-format.md says it
 * in prose. It refuses what the writer never writes: other numbers of values, values that do not parse, too many links.
 */
#include "analyzer/chain.h"
#include "analyzer/number.h"
#include "analyzer/values.h"
#include "preload/contract/dump.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const char *const words[] = {
#define LINK(enumerator, word, words) [LINK_##enumerator] = word,
#include "preload/contract/links.def"
#undef LINK
};

/* The values behind each word, a letter for each: thread, code, address, offset, descriptor. */
static const char *const values[LINK_KINDS] = {
	[LINK_STATIC] = "a",
	[LINK_STACK] = "tca",
	[LINK_LOCAL] = "ta",
	[LINK_REGISTERS] = "t",
	[LINK_HEAP] = "ao",
	[LINK_ANONYMOUS] = "a",
	[LINK_SHARED] = "a",
	[LINK_EPOLL] = "d",
	[LINK_EVENTFD] = "d",
	[LINK_TIMER] = "",
	[LINK_THREAD] = "t",
	[LINK_MORE] = "",
};

/* Cuts the next part off *text at the mark; NULL at the end. */
static char *part_next(char **text, char mark)
{
	char *part = *text;
	char *end = part ? strchr(part, mark) : NULL;
	if (end)
		*end = '\0';
	*text = end ? end + 1 : NULL;
	return part;
}

static struct measured *value_member(struct dump_link *link, char letter)
{
	switch (letter) {
	case 't':
		return &link->thread;
	case 'c':
		return &link->code;
	case 'a':
		return &link->address;
	case 'o':
		return &link->offset;
	default:
		return &link->fd;
	}
}

static bool value_read(struct dump_link *link, char letter, const char *text)
{
	struct measured *member = value_member(link, letter);
	if (!text)
		return false;
	if (!strcmp(text, DUMP_ABSENT))
		return true;
	member->known = letter == 'a' || letter == 'c'
				? value_address(text, &member->value)
				: !number_parse(text, UINT64_MAX, &member->value);
	return member->known;
}

static const char *link_read(struct dump_link *link, char *text)
{
	link->word = part_next(&text, ':');
	size_t kind = 0;
	while (kind < COUNT(words) && strcmp(words[kind], link->word) != 0)
		kind++;
	if (kind == COUNT(words))
		return *link->word ? NULL : "an empty link";
	for (const char *letter = values[kind]; *letter; letter++)
		if (!value_read(link, *letter, part_next(&text, ':')))
			return "a bad link";
	return text ? "a bad link" : NULL;
}

const char *chain_read(struct pool *pool, const char *text, struct chain *chain)
{
	struct rows links = {.item_bytes = sizeof(struct dump_link)};
	char *rest = pool_text(pool, text), *part;
	while ((part = part_next(&rest, ','))) {
		if (links.count == DUMP_LINKS_MAX)
			return "too many links";
		const char *wrong = link_read(rows_add(&links, pool), part);
		if (wrong)
			return wrong;
	}
	*chain = (struct chain){links.items, links.count};
	return NULL;
}
