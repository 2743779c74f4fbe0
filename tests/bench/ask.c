/*
 * ask.c - asks a process for dumps and prints how long each answer took, in milliseconds: from the request to the
 * first byte of the answer, which comes when the file is in place. The dump itself is received and dropped.
 * Usage: ask SOCKET COUNT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int ask(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	static char bytes[1 << 16];
	if (strlen(path) >= sizeof address.sun_path)
		return -1;
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
		return -1;
	double start = now_ms();
	ssize_t got = write(fd, "dump\n", 5) == 5 ? read(fd, bytes, sizeof bytes) : -1;
	double end = now_ms();
	int answered = got > 3 && memcmp(bytes, "ok ", 3) == 0;
	while (got > 0)
		got = read(fd, bytes, sizeof bytes);
	close(fd);
	if (answered)
		printf("%.3f\n", end - start);
	return answered ? 0 : -1;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	for (int i = 0; i < atoi(argv[2]); i++)
		if (ask(argv[1]) != 0) {
			fprintf(stderr, "ask: no dump from %s\n", argv[1]);
			return 1;
		}
	return 0;
}
