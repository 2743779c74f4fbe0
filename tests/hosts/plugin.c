/*
 * plugin.c - a library for plugged.c: functions that wait past the shim where it is opened with RTLD_DEEPBIND or
 * dlmopen(), and a constructor that does what the environment says.
 *
 *	PLUGIN_EARLY=1		starts a thread named "early", which parks
 *	PLUGIN_BLOCKS=FD	reads from FD, while the loader's lock is held
 *
 * build: -shared -fPIC
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

void *plugin_cell; /* for who opens it */

void plugin_park(void);
void plugin_read(int fd);

__attribute__((noinline)) void plugin_park(void)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
	pthread_mutex_lock(&mutex);
	for (;;)
		pthread_cond_wait(&cond, &mutex);
}

__attribute__((noinline)) void plugin_read(int fd)
{
	char byte;
	while (read(fd, &byte, 1) >= 0)
		;
}

static void *early(void *unused)
{
	prctl(PR_SET_NAME, "early");
	plugin_park();
	return unused;
}

__attribute__((constructor)) static void plugin_begin(void)
{
	const char *fd = getenv("PLUGIN_BLOCKS");
	pthread_t thread;
	if (getenv("PLUGIN_EARLY"))
		pthread_create(&thread, NULL, early, NULL);
	if (fd)
		plugin_read(atoi(fd));
}
