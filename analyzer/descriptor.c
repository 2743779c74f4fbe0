/*
 * descriptor.c - a row of the descriptors section -> words. What the dump does not say is left out.
 */
#include "analyzer/descriptor.h"
#include "analyzer/utf8.h"
#include "analyzer/words.h"

#include <stdlib.h>
#include <string.h>

#define MEMBERS_SHOWN 16

static bool kind_is(const struct dump_fd *fd, const char *kind)
{
	return fd->kind && !strcmp(fd->kind, kind);
}

/* "8,9" -> "fds 8, 9" */
static const char *numbers_words(struct pool *pool, const char *numbers)
{
	char *spaced = pool_alloc(pool, 2 * strlen(numbers) + 1), *to = spaced;
	for (const char *at = numbers; *at; at++) {
		*to++ = *at;
		if (*at == ',')
			*to++ = ' ';
	}
	return pool_print(pool, "%s %s", strchr(numbers, ',') ? "fds" : "fd", spaced);
}

static const char *other_words(struct pool *pool, const struct dump_fd *fd)
{
	if (!fd->other)
		return "";
	if (!strcmp(fd->other, "none"))
		return ", other end: not in this process";
	return pool_print(pool, ", other end: %s in this process",
		utf8_printable(pool, numbers_words(pool, fd->other)));
}

static const char *state_words(struct pool *pool, const struct dump_fd *fd)
{
	static const char *const usual[] = {"established", "connected", "unconnected"};
	if (!fd->state)
		return "";
	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++)
		if (!strcmp(fd->state, usual[i]))
			return "";
	if (!strcmp(fd->state, "listen"))
		return ", listening";
	return pool_print(pool, ", %s", utf8_printable(pool, fd->state));
}

static const char *value_words(struct pool *pool, const struct dump_fd *fd)
{
	unsigned long value = (unsigned long)fd->value.value;
	if (!fd->value.known)
		return "";
	if (kind_is(fd, "eventfd"))
		return pool_print(pool, ", count %lu", value);
	if (kind_is(fd, "epoll"))
		return pool_print(pool, ", %lu watched", value);
	if (kind_is(fd, "timerfd") && value)
		return pool_print(pool, ", period %s", words_of_duration(pool, value));
	return "";
}

/* What waits in a socket, if anything does. */
static const char *queue_words(struct pool *pool, const struct dump_fd *fd)
{
	const char *words = "";
	bool listens = fd->state && !strcmp(fd->state, "listen");
	if (fd->unread.value && listens)
		return pool_print(pool, ", %lu not accepted", (unsigned long)fd->unread.value);
	if (fd->unread.value)
		words = pool_print(pool, ", %s not read", words_of_bytes(pool, fd->unread.value));
	if (fd->unsent.value)
		words = pool_print(
			pool, "%s, %s not sent", words, words_of_bytes(pool, fd->unsent.value));
	return words;
}

/* "unix:[4711]": where there is no path, the inode is the name. */
static const char *kind_words(struct pool *pool, const struct dump_fd *fd)
{
	const char *kind = fd->kind ? utf8_printable(pool, fd->kind) : "descriptor";
	if (!fd->inode.known || !(kind_is(fd, "pipe") || kind_is(fd, "unix")))
		return kind;
	return pool_print(pool, "%s:[%lu]", kind, (unsigned long)fd->inode.value);
}

static const char *one_words(struct pool *pool, const struct dump_fd *fd)
{
	return pool_print(pool, "%s%s%s%s%s%s%s%s%s", kind_words(pool, fd), fd->local ? " " : "",
		fd->local ? utf8_printable(pool, fd->local) : "", fd->remote ? " -> " : "",
		fd->remote ? utf8_printable(pool, fd->remote) : "", state_words(pool, fd),
		value_words(pool, fd), queue_words(pool, fd), other_words(pool, fd));
}

static int object_compare(const void *key, const void *item)
{
	return strcmp(key, ((const struct dump_fd *)item)->object);
}

static const char *member_words(struct pool *pool, const struct dump *dump, const char *number)
{
	const char *object = pool_print(pool, "fd:%s", number);
	const struct dump_fd *fd =
		bsearch(object, dump->fds, dump->fd_count, sizeof(*dump->fds), object_compare);
	return fd ? pool_print(pool, "%s %s", number, one_words(pool, fd)) : number;
}

static const char *set_words(struct pool *pool, const struct dump *dump, const struct dump_fd *set)
{
	const char *words =
		set->value.known ? words_of_count(pool, set->value.value, "fd") : "descriptors";
	const char *between = ": ";
	uint64_t shown = 0;
	for (const char *at = set->members; at && *at && shown < MEMBERS_SHOWN;) {
		size_t bytes = strcspn(at, ",");
		const char *number = pool_print(pool, "%.*s", (int)bytes, at);
		words = pool_print(pool, "%s%s%s", words, between,
			member_words(pool, dump, utf8_printable(pool, number)));
		between = "; ";
		shown++;
		at += bytes + (at[bytes] == ',');
	}
	if (set->value.known && shown && shown < set->value.value)
		words = pool_print(
			pool, "%s; and %lu more", words, (unsigned long)(set->value.value - shown));
	return words;
}

const char *descriptor_words(struct pool *pool, const struct dump *dump, const struct dump_fd *fd)
{
	if (!fd)
		return NULL;
	return kind_is(fd, "set") ? set_words(pool, dump, fd) : one_words(pool, fd);
}

const char *descriptor_call(
	struct pool *pool, const struct dump *dump, const char *wait, const struct dump_fd *fd)
{
	if (!fd)
		return NULL;
	const char *words = descriptor_words(pool, dump, fd);
	const char *call = utf8_printable(pool, wait);
	if (kind_is(fd, "set"))
		return pool_print(pool, "%s %s", call, words);
	const char *number = strchr(fd->object, ':');
	number = utf8_printable(pool, number ? number + 1 : fd->object);
	if (kind_is(fd, "epoll") && fd->value.known)
		return pool_print(
			pool, "epoll %s: %lu watched", number, (unsigned long)fd->value.value);
	return pool_print(pool, "%s(%s) %s", call, number, words);
}
