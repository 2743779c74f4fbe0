/*
 * plugged.c - as park.c, for waits past the shim and under the locks of libc itself: in plugins that bind past it, in
 * a library's constructor, for the loader's lock, for malloc's. The lines of its output are those of park.c.
 *
 *	plugged PLUGIN PLUGIN	two copies of plugin.c's library; a third is preloaded behind the shim
 *	plugged --list		the names of all
 */
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define SPOTS                                                                                      \
	SPOT(deepbind)                                                                             \
	SPOT(dlmopen)                                                                              \
	SPOT(loader_ctor)                                                                          \
	SPOT(loader_lock)                                                                          \
	SPOT(malloc_held)                                                                          \
	SPOT(malloc_lock)

static const char *plugin, *blocking_plugin;
static int ends[2];
static __thread _Atomic bool *placed;

/* --- plugins ---------------------------------------------------------------------------------------- */

static void *symbol(void *library, const char *name)
{
	void *found = library ? dlsym(library, name) : NULL;
	if (!found) {
		fprintf(stderr, "plugged: %s\n", dlerror());
		exit(1);
	}
	return found;
}

static __attribute__((noinline)) void park_deepbind(void)
{
	void (*park)(void) = symbol(dlopen(plugin, RTLD_NOW | RTLD_DEEPBIND), "plugin_park");
	*placed = true;
	park();
	__asm__ volatile("");
}

static __attribute__((noinline)) void park_dlmopen(void)
{
	void (*park)(int) = symbol(dlmopen(LM_ID_NEWLM, plugin, RTLD_NOW), "plugin_read");
	*placed = true;
	park(ends[0]);
	__asm__ volatile("");
}

/* --- the loader ------------------------------------------------------------------------------------- */

static __attribute__((noinline)) void park_loader_ctor(void)
{
	char number[16];
	snprintf(number, sizeof number, "%d", ends[0]);
	setenv("PLUGIN_BLOCKS", number, 1);
	*placed = true;
	symbol(dlopen(blocking_plugin, RTLD_NOW), "plugin_park");
}

static __attribute__((noinline)) void park_loader_lock(void)
{
	struct timespec moment = {0, 100000000};
	nanosleep(&moment,
		NULL); /* for the constructor to begin; if it has not, this is seen to return */
	*placed = true;
	for (;;)
		if (!dlopen("libm.so.6", RTLD_NOW))
			exit(1);
}

/* --- malloc ----------------------------------------------------------------------------------------- */

/* Not to be left out by the compiler. */
static void block_use(size_t bytes)
{
	void *block = malloc(bytes);
	__asm__ volatile("" : : "r"(block) : "memory");
	free(block);
}

enum { GO_ON, STAY };
static _Atomic int interruptions, decisions, decision, probes_wanted, probes_done;
static pthread_t holder;

static void interrupted(int number)
{
	int mine = ++interruptions;
	(void)number;
	while (decisions < mine)
		;
	while (decision == STAY)
		pause();
}

static __attribute__((noinline)) void park_malloc_held(void)
{
	signal(SIGUSR1, interrupted);
	holder = pthread_self();
	*placed = true;
	for (;;)
		block_use(100000);
}

static __attribute__((noinline)) void park_malloc_lock(void)
{
	*placed = true;
	for (int done = 0;; probes_done = ++done) {
		while (probes_wanted == done)
			usleep(100);
		block_use(50000);
	}
}

/* Interrupts the holder again and again, until a probe shows that it was inside of malloc's lock. */
static void malloc_take(void)
{
	for (int turn = 1;; turn++) {
		pthread_kill(holder, SIGUSR1);
		while (interruptions < turn)
			usleep(100);
		probes_wanted = turn;
		for (int waited = 0; waited < 200 && probes_done < turn; waited++)
			usleep(1000);
		decision = probes_done < turn ? STAY : GO_ON;
		decisions = turn;
		if (decision == STAY)
			return;
	}
}

/* --- all of them ------------------------------------------------------------------------------------ */

struct spot {
	const char *name;
	void (*park)(void);
	_Atomic bool placed;
};

static struct spot spots[] = {
#define SPOT(name) {#name, park_##name, false},
	SPOTS
#undef SPOT
};
#define COUNT (sizeof spots / sizeof *spots)

static __attribute__((noinline)) void *worker(void *argument)
{
	struct spot *spot = argument;
	prctl(PR_SET_NAME, spot->name);
	placed = &spot->placed;
	spot->park();
	__asm__ volatile("");
	return NULL;
}

static void expected_print(void)
{
	static const char memory[] = "0x[0-9a-f]+";
	printf("early\tcond_wait\t0\t%s\tplugin_park,early\t-\n", memory);
	printf("deepbind\tfutex\t0\t%s\tplugin_park,park_deepbind,worker\t-\n", memory);
	printf("dlmopen\tread\t0\tfd:%d\tplugin_read,park_dlmopen,worker\tpipe:.*\n", ends[0]);
	printf("loader_ctor\tread\t0\tfd:%d\tpark_loader_ctor,worker\tpipe:.*\n", ends[0]);
	printf("loader_lock\tfutex\t0\t%s\tpark_loader_lock,worker\t-\n", memory);
	printf("malloc_held\tsigwait\t0\t-\tpark_malloc_held,worker\t-\n");
	printf("malloc_lock\tfutex\t0\t%s\tpark_malloc_lock,worker\t-\n", memory);
	puts("ready");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--list")) {
		puts("early");
		for (size_t i = 0; i < COUNT; i++)
			puts(spots[i].name);
		return 0;
	}
	if (argc != 3)
		return 2;
	plugin = argv[1];
	blocking_plugin = argv[2];
	unsetenv("PLUGIN_EARLY");
	unsetenv("LD_PRELOAD");
	mallopt(M_ARENA_MAX, 1);
	static char out[BUFSIZ]; /* there is no malloc by the time of printing */
	setvbuf(stdout, out, _IOFBF, sizeof out);
	if (pipe(ends) != 0)
		return 1;
	for (size_t i = 0; i < COUNT; i++) {
		pthread_t thread;
		if (pthread_create(&thread, NULL, worker, &spots[i]) != 0)
			return 1;
		while (!spots[i].placed)
			usleep(1000);
	}
	malloc_take();
	expected_print();
	for (;;)
		pause();
}
