/*
 * leaklab - four ways to leak threads, each beside its fix.
 *
 * A leak and its fix share their workers and differ in the few lines that the fix is about. Every
 * mode prints the process's state at each stage. Leaked threads are detached and do not keep the
 * program from ending: it returns from main with 0.
 */
#include "demos/channel.h"
#include "demos/flag.h"
#include "demos/object.h"
#include "demos/stage.h"
#include "demos/ticker.h"
#include "demos/waitgroup.h"
#include "demos/worker.h"

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SCRATCH_BYTES 128
#define SECOND_NS     1000000000u
#define MARGIN_BYTES  4096

struct options {
	const struct mode *mode;
	unsigned workers;
	uint64_t tick_ns, linger_ns, hold_ns;
};

/* What the workers of one mode share. */
struct crew {
	struct channel *channel;
	struct waitgroup group;
	struct context *context; /* the ticker's modes only */
	uint64_t tick_ns;
	_Atomic unsigned long ticks;
};

static struct crew *crew_make(size_t element_bytes, size_t capacity)
{
	struct crew *crew = object_alloc(sizeof *crew);
	crew->channel = channel_make(element_bytes, capacity);
	waitgroup_init(&crew->group);
	return crew;
}

static void crew_free(struct crew *crew)
{
	waitgroup_destroy(&crew->group);
	channel_release(crew->channel);
	object_free(crew);
}

static void crew_start(struct crew *crew, void *(*routine)(void *), unsigned workers)
{
	waitgroup_add(&crew->group, workers);
	for (unsigned i = 0; i < workers; i++) {
		errno = worker_start(routine, crew);
		if (errno)
			err(EXIT_FAILURE, "thread %u of %u", i + 1, workers);
	}
}

/* Waits for a state and not for a time: the stage that follows says "still blocked". */
static void await_blocked(struct channel *channel, unsigned workers)
{
	const struct timespec millisecond = {0, 1000000};
	while (channel_blocked(channel) < workers)
		nanosleep(&millisecond, NULL);
}

/* Waits for the workers, and until the kernel has seen them off too. */
static void crew_wait(struct crew *crew)
{
	waitgroup_wait(&crew->group);
	stage_settle(1);
}

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

/* SIGTERM, which main blocks in all threads, ends a rest and the program with it. A debugger that
 * attaches ends the call too, but must not end the rest. */
static void rest(uint64_t ns)
{
	uint64_t end_ns = now_ns() + ns;
	sigset_t term;
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	for (uint64_t at_ns; (at_ns = now_ns()) < end_ns;) {
		uint64_t left_ns = end_ns - at_ns;
		const struct timespec left = {
			.tv_sec = (time_t)(left_ns / SECOND_NS),
			.tv_nsec = (long)(left_ns % SECOND_NS),
		};
		if (sigtimedwait(&term, NULL, &left) == SIGTERM)
			exit(EXIT_SUCCESS);
	}
}

/* --- receive: a channel that nobody closes ---------------------------------------------------- */

static void *receive_worker(void *argument)
{
	struct crew *crew = argument;
	char *scratch = object_alloc(SCRATCH_BYTES);
	int job;
	while (channel_receive(crew->channel, &job, NULL) == CHANNEL_OK)
		memset(scratch, job, SCRATCH_BYTES);
	object_free(scratch);
	waitgroup_done(&crew->group);
	return NULL;
}

/* It has the channel until it returns, and could close it. */
static void leak_recv(const struct options *options)
{
	struct crew *crew = crew_make(sizeof(int), 0);
	crew_start(crew, receive_worker, options->workers);
	await_blocked(crew->channel, options->workers);
	stage_print("after spawn (still blocked)");
	rest(options->linger_ns);
	await_blocked(crew->channel, options->workers);
	stage_print("after linger");
}

static void fix_recv(const struct options *options)
{
	struct crew *crew = crew_make(sizeof(int), 0);
	crew_start(crew, receive_worker, options->workers);
	await_blocked(crew->channel, options->workers);
	stage_print("after spawn (still blocked)");
	rest(options->linger_ns);
	channel_close(crew->channel);
	crew_wait(crew);
	stage_print("after work done");
	crew_free(crew);
}

/* --- send: results that nobody receives ------------------------------------------------------- */

static void *send_worker(void *argument)
{
	struct crew *crew = argument;
	char *result = object_alloc(SCRATCH_BYTES);
	channel_send(crew->channel, &result, NULL);
	waitgroup_done(&crew->group);
	return NULL;
}

/* The caller starts all workers, and returns before it receives: it needs their results no more. */
static void leak_send(const struct options *options)
{
	struct crew *crew = crew_make(sizeof(char *), 0);
	crew_start(crew, send_worker, options->workers);
	await_blocked(crew->channel, options->workers);
	stage_print("after spawn (still blocked)");
	rest(options->linger_ns);
	stage_print("after linger");
}

/* With room for every result, no worker depends on a receiver. */
static void fix_send(const struct options *options)
{
	struct crew *crew = crew_make(sizeof(char *), options->workers);
	char *result;
	crew_start(crew, send_worker, options->workers);
	stage_print("after spawn");
	rest(options->linger_ns);
	crew_wait(crew);
	stage_print("after work done");
	channel_close(crew->channel);
	while (channel_receive(crew->channel, &result, NULL) == CHANNEL_OK)
		object_free(result);
	crew_free(crew);
}

/* --- orphan: a channel that nobody has any more ---------------------------------------------- */

/* What one worker has of the others: a reference to the channel. */
struct subscriber {
	struct channel *channel;
	struct waitgroup *group;
};

static void *orphan_worker(void *argument)
{
	struct subscriber *subscriber = argument;
	struct waitgroup *group = subscriber->group;
	int job;
	while (channel_receive(subscriber->channel, &job, NULL) == CHANNEL_OK)
		;
	channel_release(subscriber->channel);
	object_free(subscriber);
	waitgroup_done(group);
	return NULL;
}

static void orphan_start(struct channel *channel, struct waitgroup *group)
{
	struct subscriber *subscriber = object_alloc(sizeof *subscriber);
	*subscriber = (struct subscriber){channel_share(channel), group};
	errno = worker_start(orphan_worker, subscriber);
	if (errno)
		err(EXIT_FAILURE, "a thread");
}

/* Starts the workers; the channel is its caller's, who has the only reference besides theirs. */
static struct channel *orphan_spawn(const struct options *options, struct waitgroup *group)
{
	struct channel *channel = channel_make(sizeof(int), 0);
	waitgroup_add(group, options->workers);
	for (unsigned i = 0; i < options->workers; i++)
		orphan_start(channel, group);
	await_blocked(channel, options->workers);
	stage_print("after spawn (still blocked)");
	return channel;
}

/* Nobody who runs has the channel after this, only the workers, who wait for it. The margin keeps the channel's address
 * out of the stack as well: a frame that is entered later begins with what an earlier one left in its place. */
__attribute__((noinline)) static void orphan_abandon(
	const struct options *options, struct waitgroup *group)
{
	volatile char margin[MARGIN_BYTES];
	margin[0] = 0;
	channel_release(orphan_spawn(options, group));
	(void)margin[0];
}

static struct waitgroup *orphan_group(void)
{
	struct waitgroup *group = object_alloc(sizeof *group);
	waitgroup_init(group);
	return group;
}

static void leak_orphan(const struct options *options)
{
	struct waitgroup *group = orphan_group();
	orphan_abandon(options, group);
	rest(options->linger_ns);
	stage_print("after linger");
}

/* Whoever gives the last reference outside of the workers back closes the channel first. */
static void fix_orphan(const struct options *options)
{
	struct waitgroup *group = orphan_group();
	struct channel *channel = orphan_spawn(options, group);
	rest(options->linger_ns);
	channel_close(channel);
	channel_release(channel);
	waitgroup_wait(group);
	stage_settle(1);
	stage_print("after work done");
	waitgroup_destroy(group);
	object_free(group);
}

/* --- ticker: a timer that nobody stops -------------------------------------------------------- */

static void *tick_worker(void *argument)
{
	struct crew *crew = argument;
	struct ticker *ticker = ticker_start(crew->tick_ns);
	if (!ticker)
		err(EXIT_FAILURE, "timer_create");
	while (ticker_next(ticker, crew->context))
		atomic_fetch_add(&crew->ticks, 1);
	ticker_stop(ticker);
	waitgroup_done(&crew->group);
	return NULL;
}

static struct crew *tick_start(const struct options *options, struct context *context)
{
	const struct timespec millisecond = {0, 1000000};
	struct crew *crew = crew_make(sizeof(int), 0);
	crew->tick_ns = options->tick_ns;
	crew->context = context;
	crew_start(crew, tick_worker, 1);
	while (atomic_load(&crew->ticks) == 0)
		nanosleep(&millisecond, NULL);
	stage_print("after spawn (ticking)");
	return crew;
}

static void leak_ticker(const struct options *options)
{
	tick_start(options, NULL);
	rest(options->linger_ns);
	stage_print("after linger");
}

static void fix_ticker(const struct options *options)
{
	struct context *context = context_make(NULL);
	struct crew *crew = tick_start(options, context);
	rest(options->linger_ns);
	context_cancel(context);
	crew_wait(crew);
	stage_print("after work done");
	context_free(context);
	crew_free(crew);
}

/* --- the command line ------------------------------------------------------------------------- */

static const struct mode {
	const char *name;
	void (*run)(const struct options *options);
	const char *about;
} modes[] = {
	{"leak-recv", leak_recv, "n workers receive from a channel that nobody closes"},
	{"fix-recv", fix_recv, "the channel is closed, the workers are waited for"},
	{"leak-send", leak_send, "n workers send results, their caller has returned"},
	{"fix-send", fix_send, "the channel has room for every result"},
	{"leak-orphan", leak_orphan, "n workers receive from a channel that nobody else has"},
	{"fix-orphan", fix_orphan, "the channel is closed before the last reference is dropped"},
	{"leak-ticker", leak_ticker, "a thread loops over a ticker that nobody stops"},
	{"fix-ticker", fix_ticker, "its context is cancelled, the timer is deleted"},
};
#define MODES (sizeof modes / sizeof *modes)

static void help(void)
{
	puts("usage: leaklab [-mode=MODE] [-n=N] [-tick=DURATION] [-linger=DURATION] "
	     "[-hold=DURATION]\n"
	     "Leaks threads, or does the same work without the leak; prints the state at each "
	     "stage.\n"
	     "\n"
	     "  -mode=MODE        what to do (leak-recv):");
	for (size_t i = 0; i < MODES; i++)
		printf("                      %-12s %s\n", modes[i].name, modes[i].about);
	puts("  -n=N              workers of the recv, send and orphan modes (2000)\n"
	     "  -tick=DURATION    period of the ticker (10ms)\n"
	     "  -linger=DURATION  how long the middle stage lasts (80ms)\n"
	     "  -hold=DURATION    stay alive after the last stage, for tools to look at (0)\n"
	     "  -help             this text\n"
	     "\n"
	     "One dash or two; a value after = or as the next argument. A DURATION is 80ms, 1.5s, "
	     "2m.\n"
	     "SIGTERM ends a linger or a hold. The exit code is 0, also with leaked threads; 2 "
	     "for\n"
	     "unusable arguments.");
}

static const struct mode *mode_find(const char *name)
{
	for (size_t i = 0; i < MODES; i++)
		if (strcmp(modes[i].name, name) == 0)
			return &modes[i];
	flag_refuse("mode", name, "a mode; see -help");
}

static struct options options_read(int argc, char **argv)
{
	static const struct option flags[] = {
		{"mode", required_argument, NULL, 'm'},
		{"n", required_argument, NULL, 'n'},
		{"tick", required_argument, NULL, 't'},
		{"linger", required_argument, NULL, 'l'},
		{"hold", required_argument, NULL, 'o'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct options options = {&modes[0], 2000, 10000000, 80000000, 0};
	for (int flag; (flag = getopt_long_only(argc, argv, "", flags, NULL)) != -1;) {
		switch (flag) {
		case 'm':
			options.mode = mode_find(optarg);
			break;
		case 'n':
			options.workers = (unsigned)flag_number("n", optarg, 1, 100000);
			break;
		case 't':
			options.tick_ns = flag_duration("tick", optarg);
			if (options.tick_ns == 0)
				flag_refuse("tick", optarg, "longer than 0");
			break;
		case 'l':
			options.linger_ns = flag_duration("linger", optarg);
			break;
		case 'o':
			options.hold_ns = flag_duration("hold", optarg);
			break;
		case 'h':
			help();
			exit(EXIT_SUCCESS);
		default:
			exit(FLAG_UNUSABLE);
		}
	}
	if (optind < argc)
		errx(FLAG_UNUSABLE, "unexpected argument \"%s\"; see -help", argv[optind]);
	return options;
}

int main(int argc, char **argv)
{
	struct options options = options_read(argc, argv);
	sigset_t term;

	/* Before any thread exists, so that all inherit it: see rest(). */
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);

	stage_print("start");
	options.mode->run(&options);
	stage_print("end");
	rest(options.hold_ns);
	return EXIT_SUCCESS;
}
