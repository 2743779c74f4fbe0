/*
 * peers.c - who asked whom: the side whose address all connections share was asked.
 *
 * A listening socket would say it too, but it has a row only while a thread waits on it.
 */
#include "analyzer/peers.h"
#include "analyzer/table.h"

#include <stdlib.h>
#include <string.h>

#define CONNECTIONS_LEAST 3

static int object_compare(const void *key, const void *item)
{
	return strcmp(key, ((const struct dump_fd *)item)->object);
}

static bool is_tcp(const struct dump_fd *fd)
{
	return fd && fd->kind && !strcmp(fd->kind, "tcp");
}

/* The only member, or the only connection among others that wake the thread: a pipe, an eventfd. */
static const struct dump_fd *member_of(
	const struct dump *dump, const struct dump_fd *set, struct pool *pool)
{
	const struct dump_fd *found = NULL;
	size_t members = 0, connections = 0;
	for (const char *at = set->members; at && *at && dump->fd_count; members++) {
		size_t bytes = strcspn(at, ",");
		const struct dump_fd *fd = bsearch(pool_print(pool, "fd:%.*s", (int)bytes, at),
			dump->fds, dump->fd_count, sizeof(*dump->fds), object_compare);
		found = is_tcp(fd) || !members ? fd : found;
		connections += is_tcp(fd);
		at += bytes + (at[bytes] == ',');
	}
	return members == 1 || connections == 1 ? found : NULL;
}

const struct dump_fd *peer_descriptor(
	const struct dump *dump, const struct dump_thread *thread, struct pool *pool)
{
	const struct dump_fd *fd = thread->fd;
	if (!fd || !fd->kind || strcmp(fd->kind, "set") != 0)
		return fd;
	return member_of(dump, fd, pool);
}

static size_t text_note(struct table *seen, const char *text)
{
	void **slot = table_slot(seen, text, strlen(text));
	bool is_new = !*slot;
	*slot = seen;
	return is_new;
}

enum side peers_side(const struct dump *dump, const struct group *group, struct pool *pool)
{
	struct table *locals = table_new(), *remotes = table_new();
	size_t count = 0, local_count = 0, remote_count = 0;
	for (size_t i = 0; i < group->thread_count; i++) {
		const struct dump_fd *fd = peer_descriptor(dump, group->threads[i], pool);
		if (!is_tcp(fd) || !fd->local || !fd->remote)
			continue;
		count++;
		local_count += text_note(locals, fd->local);
		remote_count += text_note(remotes, fd->remote);
	}
	table_free(locals);
	table_free(remotes);
	if (count < CONNECTIONS_LEAST || local_count == remote_count)
		return SIDE_UNKNOWN;
	return remote_count < local_count ? SIDE_CLIENT : SIDE_SERVER;
}
