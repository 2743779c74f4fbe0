/*
 * sockets.c - sockets by netlink, or by the lines of /proc/net/tcp and its like.
 *
 * A Unix socket is asked for by its inode. An internet socket can be asked for by its addresses only, which are
 * what is sought: so all are listed, as far as PARTS. Where netlink does not answer, or a filter of system calls is
 * at work, which may end the process for a rare call, the tables are read, as far as TABLE_BYTES; they know no
 * peers of Unix sockets.
 */
#include "preload/sockets.h"
#include "preload/peek.h"
#include "preload/proc.h"
#include "preload/sys.h"
#include "preload/text.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/net.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#define TABLE_BYTES ((size_t)512 << 10) /* of one table: some 3,400 sockets */
#define CHUNK_BYTES 16384
#define PARTS	    64u /* of an answer by netlink: some 14,000 sockets */
#define LINE_BYTES  256 /* more than a table's line has */

static const char *const states[] = {
	[TCP_ESTABLISHED] = "established",
	[TCP_SYN_SENT] = "syn_sent",
	[TCP_SYN_RECV] = "syn_recv",
	[TCP_FIN_WAIT1] = "fin_wait1",
	[TCP_FIN_WAIT2] = "fin_wait2",
	[TCP_TIME_WAIT] = "time_wait",
	[TCP_CLOSE] = "close",
	[TCP_CLOSE_WAIT] = "close_wait",
	[TCP_LAST_ACK] = "last_ack",
	[TCP_LISTEN] = "listen",
	[TCP_CLOSING] = "closing",
};

static const char *state_name(uint64_t state)
{
	return state < sizeof states / sizeof *states ? states[state] : NULL;
}

/* --- the kind --------------------------------------------------------------------------------------- */

/* As lsof asks: of the link, without opening the socket. */
static void protocol_read(struct fd_row *row)
{
	char path[64], name[64], *at = text_copy(path, "/proc/self/task/");
	at = text_copy_u64(at, (uint64_t)row->tid);
	at = text_copy(at, "/fd/");
	text_copy_u64(at, row->object);
	long bytes = sys_call4(SYS_getxattr, (long)path, (long)"system.sockprotoname", (long)name,
		sizeof name - 1);
	name[bytes > 0 ? bytes : 0] = '\0';
	if (!name[0])
		return;
	if (strncmp(name, "TCP", 3) == 0 || strncmp(name, "UDP", 3) == 0)
		name[3] = '\0'; /* TCPv6 */
	if (strncmp(name, "UNIX", 4) == 0)
		name[4] = '\0'; /* UNIX-STREAM */
	size_t i = 0;
	for (; name[i] && i < sizeof row->kind - 1; i++)
		row->kind[i] =
			(char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 'a' - 'A' : name[i]);
	row->kind[i] = '\0';
}

void socket_kind(struct fd_row *row)
{
	strcpy(row->kind, "socket");
	if (!peek_filtered())
		protocol_read(row);
}

/* --- addresses -------------------------------------------------------------------------------------- */

static const char *hex_read(const char *text, unsigned digits, uint32_t *value)
{
	*value = 0;
	for (unsigned i = 0; i < digits; i++, text++) {
		unsigned digit = *text >= '0' && *text <= '9'	? (unsigned)(*text - '0')
				 : *text >= 'A' && *text <= 'F' ? (unsigned)(*text - 'A' + 10)
								: 16;
		if (digit > 15)
			return NULL;
		*value = *value << 4 | digit;
	}
	return text;
}

static char *put_v4(char *to, const unsigned char *bytes)
{
	for (int i = 0; i < 4; i++) {
		to = text_copy_u64(to, bytes[i]);
		to = text_copy(to, i < 3 ? "." : "");
	}
	return to;
}

static char *put_group(char *to, unsigned group)
{
	bool begun = false;
	for (int shift = 12; shift >= 0; shift -= 4) {
		unsigned digit = group >> shift & 15;
		begun = begun || digit || !shift;
		if (begun)
			*to++ = "0123456789abcdef"[digit];
	}
	*to = '\0';
	return to;
}

/* The longest run of zero groups, the first of several. */
static void zeros_find(const unsigned groups[8], int *start, int *length)
{
	*start = -1, *length = 1;
	for (int i = 0, run = 0; i < 8; i++) {
		run = groups[i] ? 0 : run + 1;
		if (run > *length)
			*length = run, *start = i - run + 1;
	}
}

/* As of RFC 5952, in brackets. */
static char *put_v6(char *to, const unsigned char *bytes)
{
	unsigned groups[8];
	int start, length;
	for (int i = 0; i < 8; i++)
		groups[i] = (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
	zeros_find(groups, &start, &length);
	to = text_copy(to, "[");
	for (int i = 0; i < 8; i++) {
		if (i == start) {
			to = text_copy(to, "::");
			i += length - 1;
			continue;
		}
		if (i && i != start + length)
			to = text_copy(to, ":");
		to = put_group(to, groups[i]);
	}
	return text_copy(to, "]");
}

/* Bytes in the order of the network; 4 or 16 of them. An address of zeros with port 0 is none. */
static void address_put(char *to, const unsigned char *bytes, unsigned count, unsigned port)
{
	static const unsigned char none[16], mapped[12] = {[10] = 0xff, [11] = 0xff};
	*to = '\0';
	if (memcmp(bytes, none, count) == 0 && !port)
		return;
	if (count == 4)
		to = put_v4(to, bytes);
	else if (memcmp(bytes, mapped, sizeof mapped) == 0)
		to = put_v4(to, bytes + sizeof mapped);
	else
		to = put_v6(to, bytes);
	text_copy_u64(text_copy(to, ":"), port);
}

/* "0100007F:1F90", or with 32 digits: words of 32 bits as the machine has them. Returns what follows, NULL if it
 * is not such an address. */
static const char *address_read(const char *text, char *to)
{
	uint32_t words[4] = {0}, port;
	unsigned count = 0;
	for (; count < 4 && text && *text != ':'; count++)
		text = hex_read(text, 8, &words[count]);
	text = text && *text == ':' ? hex_read(text + 1, 4, &port) : NULL;
	if (text)
		address_put(to, (const unsigned char *)words, count == 1 ? 4 : 16, port);
	return text;
}

/* --- tables ----------------------------------------------------------------------------------------- */

static const char *fields_skip(const char *text, unsigned count)
{
	for (; count; count--) {
		while (*text == ' ')
			text++;
		while (*text && *text != ' ')
			text++;
	}
	while (*text == ' ')
		text++;
	return text;
}

static bool is_sought(const struct fd_row *row, const char *kind)
{
	return !row->state && (strcmp(row->kind, kind) == 0 || strcmp(row->kind, "socket") == 0);
}

static struct fd_row *row_of(struct fd_row *rows, size_t count, const char *kind, uint64_t inode)
{
	for (size_t i = 0; inode && i < count; i++)
		if (rows[i].inode == inode && is_sought(&rows[i], kind))
			return &rows[i];
	return NULL;
}

static uint64_t decimal(const char *digits)
{
	uint64_t number = 0;
	for (; *digits >= '0' && *digits <= '9'; digits++)
		number = number * 10 + (uint64_t)(*digits - '0');
	return number;
}

/* The sending side of a socket that listens is the length of its queue, not what is in it. */
static void queues_note(struct fd_row *row, unsigned state, uint32_t unread, uint32_t unsent)
{
	row->has_unread = true;
	row->unread = unread;
	row->has_unsent = state != TCP_LISTEN;
	row->unsent = row->has_unsent ? unsent : 0;
}

static bool inet_state(struct fd_row *row, const char *kind, unsigned state)
{
	bool unconnected = strcmp(kind, "udp") == 0 && state == TCP_CLOSE;
	strcpy(row->kind, kind);
	row->state = unconnected ? "unconnected" : state_name(state);
	return row->state != NULL;
}

/* "SL: LOCAL REMOTE ST TX:RX TR:WHEN RETRNSMT UID TIMEOUT INODE ..." */
static bool inet_line(const char *line, const char *kind, struct fd_row *rows, size_t count)
{
	uint32_t state, unread, unsent;
	struct fd_row *row = row_of(rows, count, kind, decimal(fields_skip(line, 9)));
	if (!row)
		return false;
	const char *at = address_read(fields_skip(line, 1), row->local);
	at = at ? address_read(fields_skip(at, 0), row->remote) : NULL;
	at = at ? hex_read(fields_skip(at, 0), 2, &state) : NULL;
	if (!at)
		return false;
	const char *queues = hex_read(fields_skip(at, 0), 8, &unsent);
	if (queues && *queues == ':' && hex_read(queues + 1, 8, &unread))
		queues_note(row, state, unread, unsent);
	strcpy(row->kind, kind);
	row->state =
		strcmp(kind, "udp") == 0 && state == TCP_CLOSE ? "unconnected" : state_name(state);
	return row->state != NULL;
}

/* "NUM: REFCOUNT PROTOCOL FLAGS TYPE ST INODE PATH", see net/unix/af_unix.c, unix_seq_show() */
static bool unix_line(const char *line, const char *kind, struct fd_row *rows, size_t count)
{
	uint32_t flags, state;
	struct fd_row *row = row_of(rows, count, kind, decimal(fields_skip(line, 6)));
	if (!row || !hex_read(fields_skip(line, 3), 8, &flags) ||
		!hex_read(fields_skip(line, 5), 2, &state))
		return false;
	strcpy(row->kind, kind);
	row->state = flags & 0x10000	     ? "listen"
		     : state == SS_CONNECTED ? "connected"
					     : "unconnected";
	strncpy(row->local, fields_skip(line, 7), FD_NAME_BYTES - 1);
	return true;
}

struct table {
	const char *name, *kind;
	bool (*line_read)(const char *line, const char *kind, struct fd_row *rows, size_t count);
};

static const struct table tables[] = {
	{"net/tcp", "tcp", inet_line},
	{"net/tcp6", "tcp", inet_line},
	{"net/udp", "udp", inet_line},
	{"net/udp6", "udp", inet_line},
	{"net/unix", "unix", unix_line},
};

static unsigned rows_sought(const struct fd_row *rows, size_t count, const char *kind)
{
	unsigned sought = 0;
	for (size_t i = 0; i < count; i++)
		sought += rows[i].inode && is_sought(&rows[i], kind);
	return sought;
}

/* Reads a table until all that is sought is found, it ends, or TABLE_BYTES are through. */
static void table_read(const struct table *table, struct fd_row *rows, size_t count)
{
	static char text[LINE_BYTES + CHUNK_BYTES + 1];
	size_t kept = 0, through = 0;
	long bytes;
	unsigned sought = rows_sought(rows, count, table->kind);
	int fd = sought ? proc_open_file(rows[0].tid, table->name, O_RDONLY) : -1;
	if (fd < 0)
		return;
	while (sought && through < TABLE_BYTES &&
		(bytes = sys_read(fd, text + kept, CHUNK_BYTES)) > 0) {
		char *line = text, *end;
		through += (size_t)bytes;
		text[kept + (size_t)bytes] = '\0';
		for (; (end = strchr(line, '\n')); line = end + 1) {
			*end = '\0';
			sought -= sought && table->line_read(line, table->kind, rows, count);
		}
		kept = strlen(line);
		kept = kept < LINE_BYTES ? kept : 0;
		memmove(text, line, kept);
	}
	sys_close(fd);
}

/* --- the same by netlink ---------------------------------------------------------------------------- */

/* A socket to ask the kernel about sockets, after a request was sent on it; negative where that cannot be. */
static int diag_ask(const void *request, size_t bytes)
{
	int fd = (int)sys_call3(
		SYS_socket, AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (fd < 0)
		return fd;
	if (sys_call6(SYS_sendto, fd, (long)request, (long)bytes, 0, 0, 0) >= 0)
		return fd;
	sys_close(fd);
	return -1;
}

/* The kernel answers before it returns from sending, or from receiving the part before. */
static long diag_receive(int fd, void *reply, size_t room)
{
	return sys_call6(SYS_recvfrom, fd, (long)reply, (long)room, MSG_DONTWAIT, 0, 0);
}

/* What is done with each socket of an answer: whether it was one of those that are sought. */
typedef bool inet_note(const struct inet_diag_msg *message, void *context);

/* One part of the answer: how many of the sought it had; *done when it was the last. */
static unsigned inet_part(
	const char *reply, size_t bytes, inet_note *note, void *context, bool *done)
{
	unsigned found = 0;
	while (bytes >= NLMSG_HDRLEN) {
		const struct nlmsghdr *header = (const struct nlmsghdr *)reply;
		size_t step = NLMSG_ALIGN(header->nlmsg_len);
		if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY || step < NLMSG_HDRLEN ||
			step > bytes) {
			*done = true;
			return found;
		}
		if (header->nlmsg_len >= NLMSG_HDRLEN + sizeof(struct inet_diag_msg))
			found += note((const void *)(reply + NLMSG_HDRLEN), context);
		reply += step;
		bytes -= step;
	}
	return found;
}

/* Lists the sockets in some states until as many as are sought were found. */
static void inet_list(
	int family, int protocol, uint32_t wanted, unsigned sought, inet_note *note, void *context)
{
	static _Alignas(struct nlmsghdr) char reply[CHUNK_BYTES];
	bool done = false;
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 body;
	} request = {
		{sizeof request, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, 1, 0},
		{.sdiag_family = (unsigned char)family,
			.sdiag_protocol = (unsigned char)protocol,
			.idiag_states = wanted},
	};
	int fd = sought ? diag_ask(&request, sizeof request) : -1;
	long bytes;
	if (fd < 0)
		return;
	for (unsigned part = 0; part < PARTS && sought && !done; part++) {
		if ((bytes = diag_receive(fd, reply, sizeof reply)) <= 0)
			break;
		unsigned found = inet_part(reply, (size_t)bytes, note, context, &done);
		sought -= found < sought ? found : sought;
	}
	sys_close(fd);
}

/* The rows that are filled. */
struct inet_rows {
	const char *kind;
	struct fd_row *rows;
	size_t count;
};

static bool inet_fill(const struct inet_diag_msg *message, void *context)
{
	struct inet_rows *rows = context;
	struct fd_row *row = row_of(rows->rows, rows->count, rows->kind, message->idiag_inode);
	unsigned bytes = message->idiag_family == AF_INET ? 4 : 16;
	const struct inet_diag_sockid *id = &message->id;
	if (!row)
		return false;
	address_put(
		row->local, (const unsigned char *)id->idiag_src, bytes, ntohs(id->idiag_sport));
	address_put(
		row->remote, (const unsigned char *)id->idiag_dst, bytes, ntohs(id->idiag_dport));
	queues_note(row, message->idiag_state, message->idiag_rqueue, message->idiag_wqueue);
	return inet_state(row, rows->kind, message->idiag_state);
}

/* Without those that are only remembered for a while: a busy machine has ten thousands of them. */
static void inet_read(const char *kind, int family, struct fd_row *rows, size_t count)
{
	struct inet_rows context = {kind, rows, count};
	int protocol = strcmp(kind, "tcp") == 0 ? IPPROTO_TCP : IPPROTO_UDP;
	inet_list(family, protocol, ~(1u << TCP_TIME_WAIT), rows_sought(rows, count, kind),
		inet_fill, &context);
}

/* The inodes that are collected. */
struct inodes {
	uint64_t *list;
	unsigned count, room;
};

static bool unaccepted_note(const struct inet_diag_msg *message, void *context)
{
	struct inodes *inodes = context;
	if (!message->idiag_rqueue || inodes->count == inodes->room)
		return false;
	inodes->list[inodes->count++] = message->idiag_inode;
	return true;
}

unsigned sockets_unaccepted(uint64_t *inodes, unsigned room)
{
	struct inodes found = {inodes, 0, room};
	if (peek_filtered())
		return 0;
	inet_list(AF_INET, IPPROTO_TCP, 1u << TCP_LISTEN, room, unaccepted_note, &found);
	inet_list(AF_INET6, IPPROTO_TCP, 1u << TCP_LISTEN, room - found.count, unaccepted_note,
		&found);
	return found.count;
}

unsigned sockets_tables(struct fd_row *rows, size_t count)
{
	unsigned missed = 0;
	if (!peek_filtered()) {
		inet_read("tcp", AF_INET, rows, count);
		inet_read("tcp", AF_INET6, rows, count);
		inet_read("udp", AF_INET, rows, count);
		inet_read("udp", AF_INET6, rows, count);
	}
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		if (strcmp(tables[i].kind, "unix") != 0 || peek_filtered())
			table_read(&tables[i], rows, count);
	for (size_t i = 0; i < count; i++)
		missed += is_sought(&rows[i], "tcp") || is_sought(&rows[i], "udp");
	return missed;
}

/* --- Unix sockets ----------------------------------------------------------------------------------- */

struct answer {
	const struct unix_diag_msg *message; /* NULL: no such socket */
	const char *name;
	size_t name_bytes;
	uint32_t peer;
};

static void attributes_read(const char *at, size_t bytes, struct answer *answer)
{
	struct nlattr attribute;
	while (bytes >= sizeof attribute) {
		memcpy(&attribute, at, sizeof attribute);
		if (attribute.nla_len < sizeof attribute || attribute.nla_len > bytes)
			return;
		const char *value = at + sizeof attribute;
		size_t value_bytes = attribute.nla_len - sizeof attribute;
		if (attribute.nla_type == UNIX_DIAG_NAME)
			answer->name = value, answer->name_bytes = value_bytes;
		if (attribute.nla_type == UNIX_DIAG_PEER && value_bytes == sizeof answer->peer)
			memcpy(&answer->peer, value, sizeof answer->peer);
		size_t step = NLA_ALIGN(attribute.nla_len);
		if (step > bytes)
			return;
		at += step;
		bytes -= step;
	}
}

/* Asks for one socket. False where netlink or its Unix part is not to be had. */
static bool unix_ask(uint64_t inode, struct answer *answer)
{
	static _Alignas(struct nlmsghdr) char reply[4096];
	struct {
		struct nlmsghdr header;
		struct unix_diag_req body;
	} request = {
		{sizeof request, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, 1, 0},
		{.sdiag_family = AF_UNIX,
			.udiag_states = ~0u,
			.udiag_ino = (uint32_t)inode,
			.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER,
			.udiag_cookie = {~0u, ~0u}},
	};
	*answer = (struct answer){0};
	int fd = diag_ask(&request, sizeof request);
	long bytes = fd < 0 ? fd : diag_receive(fd, reply, sizeof reply);
	if (fd >= 0)
		sys_close(fd);
	const struct nlmsghdr *header = (const struct nlmsghdr *)reply;
	size_t start = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct unix_diag_msg));
	if (bytes < (long)NLMSG_HDRLEN || header->nlmsg_len > (size_t)bytes)
		return false;
	if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY || header->nlmsg_len < start)
		return true;
	answer->message = (const struct unix_diag_msg *)(reply + NLMSG_HDRLEN);
	attributes_read(reply + start, header->nlmsg_len - start, answer);
	return true;
}

/* A path, or "@NAME" of the abstract ones. */
static void name_copy(char to[FD_NAME_BYTES], const struct answer *answer)
{
	size_t bytes =
		answer->name_bytes < FD_NAME_BYTES - 1 ? answer->name_bytes : FD_NAME_BYTES - 1;
	memcpy(to, answer->name, bytes);
	to[bytes] = '\0';
	if (bytes && !to[0])
		to[0] = '@';
}

bool socket_unix(struct fd_row *row)
{
	struct answer answer;
	if (!unix_ask(row->inode, &answer))
		return false;
	if (!answer.message)
		return true;
	row->state = answer.message->udiag_state == TCP_LISTEN ? "listen"
		     : answer.peer			       ? "connected"
							       : "unconnected";
	name_copy(row->local, &answer);
	row->peer = answer.peer;
	if (answer.peer && unix_ask(answer.peer, &answer) && answer.message)
		name_copy(row->remote, &answer);
	return true;
}
