/*
 * slowfile.h - an open file whose reads and writes are never answered: of a file system in user space (FUSE) that hears and does
 * not speak, as a network's may be.
 *
 * The file system is a process of its own, in a name space of mounts of its own, and ends with this one: nothing stays
 * mounted, and what waits for it is let go when this process is killed.
 */
#ifndef SLOWFILE_H
#define SLOWFILE_H

#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLOWFILE_LIFE_S 120 /* should nobody end it: what waits for it cannot be killed before */

static int slowfile_server; /* its process */

static inline void slowfile_answer(int device, uint64_t unique, const void *answer, size_t bytes)
{
	char out[256];
	struct fuse_out_header header = {
		.len = (uint32_t)(sizeof header + bytes), .unique = unique};
	memcpy(out, &header, sizeof header);
	if (bytes)
		memcpy(out + sizeof header, answer, bytes);
	if (write(device, out, header.len) != (ssize_t)header.len)
		_exit(1);
}

static inline void slowfile_serve(int device, int answers_close)
{
	static _Alignas(8) char in[1 << 16];
	const struct fuse_in_header *header = (void *)in;
	struct fuse_init_out init = {.major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 4096};
	struct fuse_attr_out attributes = {
		.attr = {.ino = FUSE_ROOT_ID, .mode = S_IFREG | 0600, .nlink = 1, .size = 1 << 20}};
	struct fuse_open_out opened = {.fh = 1, .open_flags = FOPEN_DIRECT_IO};
	while (read(device, in, sizeof in) > 0) {
		if (header->opcode == FUSE_INIT)
			slowfile_answer(device, header->unique, &init, sizeof init);
		else if (header->opcode == FUSE_GETATTR)
			slowfile_answer(device, header->unique, &attributes, sizeof attributes);
		else if (header->opcode == FUSE_OPEN)
			slowfile_answer(device, header->unique, &opened, sizeof opened);
		else if (header->opcode == FUSE_FLUSH && answers_close)
			slowfile_answer(device, header->unique, NULL, 0);
	}
	_exit(0);
}

/* Sends a descriptor, or none. */
static inline void slowfile_send(int to, int fd)
{
	char control[CMSG_SPACE(sizeof fd)] = {0}, byte = 0;
	struct iovec part = {&byte, 1};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	if (fd >= 0) {
		message.msg_control = control;
		message.msg_controllen = sizeof control;
		struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(rights), &fd, sizeof fd);
	}
	sendmsg(to, &message, 0);
}

static inline int slowfile_receive(int from)
{
	int fd = -1;
	char control[CMSG_SPACE(sizeof fd)] = {0}, byte;
	struct iovec part = {&byte, 1};
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof control};
	if (recvmsg(from, &message, 0) == 1 && CMSG_FIRSTHDR(&message))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
	return fd;
}

/* Mounts, and becomes the file system; another process opens its one file meanwhile. */
static inline void slowfile_run(int to, const char *path, int answers_close)
{
	char options[96];
	int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	snprintf(options, sizeof options, "fd=%d,rootmode=100000,user_id=0,group_id=0", device);
	if (device < 0 || unshare(CLONE_NEWNS) != 0 ||
		mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		mount("slow", path, "fuse", MS_NOSUID | MS_NODEV, options) != 0) {
		slowfile_send(to, -1);
		_exit(1);
	}
	if (fork() == 0) {
		struct stat status;
		int fd = open(path, O_RDWR);
		close(device);
		fstat(fd, &status); /* or it has no size */
		slowfile_send(to, fd);
		_exit(0);
	}
	slowfile_serve(device, answers_close);
}

/* The file, open; -1 where that cannot be. From the main thread, with a regular file to mount upon. Where closing it is
 * not answered either, the server is to be killed before this process ends. */
static inline int slowfile_open(const char *path, int answers_close)
{
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		return -1;
	slowfile_server = fork();
	if (slowfile_server == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(SLOWFILE_LIFE_S);
		slowfile_run(ends[1], path, answers_close);
	}
	close(ends[1]);
	int fd = slowfile_receive(ends[0]);
	close(ends[0]);
	if (fd < 0) /* or it would be found by a wait for any child */
		waitpid(slowfile_server, NULL, 0);
	return fd;
}

#endif
