/*
 * directory.h - the directories that hold dumps and control sockets, and what lies in them.
 *
 * A process writes to LEAKWATCH_DIR or, without it, to /tmp/leakwatch-UID (docs/dump-format.md,
 * "Files" and "The control socket"). A LEAKWATCH_DIR that is not an absolute path counts as none. Anybody may create names in /tmp, so a directory there is used
 * only if it is a real directory (no link) of the user it is named after, writable by nobody else. A
 * directory that a person names, on the command line or in LEAKWATCH_DIR, is used as it is, except
 * for a link that somebody else than that person or root made.
 *
 * A struct directory is opened by one of the calls below and closed by directory_close(). It is held
 * by descriptor, so what was checked is what is used, and paths longer than a socket address are
 * no trouble. Unless said otherwise, functions return 0, or -1 with errno and nothing to release.
 */
#ifndef LEAKWATCH_DIRECTORY_H
#define LEAKWATCH_DIRECTORY_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct directory {
	int fd; /* for openat() and listing; -1 when closed */
	uid_t owner;
	char path[PATH_MAX]; /* as found, for messages and to name the files in it */
};

/* Opens the directory PATH that a person named. EPERM: somebody else's link. */
int directory_open(const char *path, struct directory *directory);

/* Opens the caller's own: LEAKWATCH_DIR, or /tmp/leakwatch-UID of the effective user. ENOENT: there
 * is none, which for the default means that nothing was ever dumped. EPERM: it is a link or is not
 * ours alone. The path is filled in even on failure, so that a message can name it. */
int directory_open_own(struct directory *directory);

/* Opens the one that holds the control socket of process PID: its own LEAKWATCH_DIR, as its
 * /proc/PID/environ says; the caller's LEAKWATCH_DIR; /tmp/leakwatch-UID of each of its user ids;
 * where the kernel says that a socket of its name is listened on.
 * ESRCH: no such process. EACCES: the process is another user's and the caller is not root.
 * ENOENT: no directory has a socket for it, so it runs without the shim or without threads. */
int directory_open_of_process(pid_t pid, struct directory *directory);

/* Safe to call twice. */
void directory_close(struct directory *directory);

/* Several directories, none twice. */
struct directories {
	struct directory *directories; /* each open */
	size_t count;
};

/* Every directory in which preloaded processes that the caller may ask can be: the caller's own
 * and, of each process that /proc lets it look into, its LEAKWATCH_DIR, or where it listens; for root also all of
 * /tmp/leakwatch-*. Those that are missing or not to be trusted are left out. Fails only with
 * ENOMEM. */
int directories_open_all(struct directories *all);

void directories_close(struct directories *all);

/* One stored dump, COMM-PID-STARTTICKS-SEQUENCE.dump. */
struct directory_dump {
	char name[NAME_MAX + 1]; /* of the file, in the directory */
	char comm[NAME_MAX + 1]; /* decoded */
	pid_t pid;
	uint64_t start_ticks; /* with the pid, says which process: pids are used again */
	uint64_t sequence;
	int64_t modified_ns; /* CLOCK_REALTIME */
};

struct directory_dumps {
	struct directory_dump *dumps; /* owned; released by directory_dumps_free() */
	size_t count;
};

/* Reads a file name. Returns 0, or -1 if it is not a finished dump's; modified_ns is set to 0. */
int directory_dump_parse(const char *name, struct directory_dump *dump);

/* Whether both are of one process, and of one program: an exec makes another one of the same process. */
int directory_dump_same_process(
	const struct directory_dump *one, const struct directory_dump *other);

/* Lists the finished dumps: all dumps of one process together, the newest (highest sequence) first,
 * and the process with the most recently written dump first. So dumps[0] is the newest dump, and
 * those of the same process follow it. Links and other names are passed over. */
int directory_dumps_list(const struct directory *directory, struct directory_dumps *list);

void directory_dumps_free(struct directory_dumps *list);

/* Writes DIRECTORY/NAME to PATH. ENAMETOOLONG. */
int directory_file_path(
	const struct directory *directory, const char *name, char path[static PATH_MAX]);

struct directory_sockets {
	pid_t *pids; /* owned, ascending; released by directory_sockets_free() */
	size_t count;
};

/* Lists the processes that have a control socket here, dead ones (a stale socket) included. */
int directory_sockets_list(const struct directory *directory, struct directory_sockets *list);

void directory_sockets_free(struct directory_sockets *list);

/* Removes whatever shims put there: dumps, those too that a process left unfinished, and sockets. Only of a directory that nobody
 * uses any more. */
int directory_clear(const struct directory *directory);

/* Removes the socket of PID. Only for one that nobody answers on; see client.h, CLIENT_STALE. */
int directory_socket_remove(const struct directory *directory, pid_t pid);

#endif
