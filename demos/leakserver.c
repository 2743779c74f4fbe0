/*
 * leakserver - an HTTP service on the loopback with the faults of production, and their fixes.
 *
 * libmicrohttpd gives each connection a thread; the faults are in fault_*.c. SIGTERM stops the
 * service: no new connections, a second for those that are served, then it returns from main with 0,
 * whatever has leaked.
 */
#include "demos/fault.h"
#include "demos/flag.h"
#include "demos/stage.h"

#include <arpa/inet.h>
#include <err.h>
#include <getopt.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define CONNECTION_STACK_BYTES (256 * 1024)
#define CONNECTIONS	       20000
#define DRAIN_ATTEMPTS	       1000 /* of a millisecond */

static const struct fault *const faults[] = {
	&fault_slow, &fault_result, &fault_query, &fault_fanout, &fault_pool};
#define FAULTS (sizeof faults / sizeof *faults)

/* Constant once the service listens. */
static bool fixed[FAULTS];

/* --- pages ------------------------------------------------------------------------------------ */

static enum MHD_Result reply(struct MHD_Connection *connection, unsigned status, const char *text)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_MUST_COPY);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", "text/plain; charset=utf-8");
	MHD_add_response_header(response, "Connection", "close");
	enum MHD_Result queued = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return queued;
}

static enum MHD_Result reply_index(struct MHD_Connection *connection)
{
	char text[2048];
	size_t length = 0;
	for (size_t i = 0; i < FAULTS; i++)
		length += (size_t)snprintf(text + length, sizeof text - length, "%-9s %s (%s)\n",
			faults[i]->path, faults[i]->about, fixed[i] ? "fixed" : "not fixed");
	snprintf(text + length, sizeof text - length,
		"/threads  the number of threads\n"
		"/healthz  ok\n");
	return reply(connection, MHD_HTTP_OK, text);
}

static enum MHD_Result reply_threads(struct MHD_Connection *connection)
{
	char text[32];
	snprintf(text, sizeof text, "%zu\n", stage_threads());
	return reply(connection, MHD_HTTP_OK, text);
}

static enum MHD_Result reply_fault(struct MHD_Connection *connection, size_t number)
{
	char text[64];
	unsigned status = faults[number]->serve(fixed[number]);
	snprintf(text, sizeof text, "%s: %u\n", faults[number]->name, status);
	return reply(connection, status, text);
}

static enum MHD_Result reply_path(struct MHD_Connection *connection, const char *path)
{
	if (strcmp(path, "/") == 0)
		return reply_index(connection);
	if (strcmp(path, "/healthz") == 0)
		return reply(connection, MHD_HTTP_OK, "ok\n");
	if (strcmp(path, "/threads") == 0)
		return reply_threads(connection);
	for (size_t i = 0; i < FAULTS; i++)
		if (strcmp(path, faults[i]->path) == 0)
			return reply_fault(connection, i);
	return reply(connection, MHD_HTTP_NOT_FOUND, "no such page; / lists them\n");
}

static enum MHD_Result answer(void *unused, struct MHD_Connection *connection, const char *path,
	const char *method, const char *version, const char *upload, size_t *upload_bytes,
	void **state)
{
	(void)unused, (void)version, (void)upload;
	/* The first call comes with the headers alone, further ones with what the client sends, which is
	 * ignored; the answer is due at the last, which has nothing. */
	if (!*state || *upload_bytes) {
		*state = connection;
		*upload_bytes = 0;
		return MHD_YES;
	}
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0)
		return reply(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET only\n");
	return reply_path(connection, path);
}

/* --- life ------------------------------------------------------------------------------------- */

static struct MHD_Daemon *service_start(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	struct MHD_Daemon *service = MHD_start_daemon(
		MHD_USE_AUTO_INTERNAL_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_ITC, port,
		NULL, NULL, answer, NULL, MHD_OPTION_SOCK_ADDR, &address,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_THREAD_STACK_SIZE,
		(size_t)CONNECTION_STACK_BYTES, MHD_OPTION_END);
	if (!service)
		err(EXIT_FAILURE, "cannot listen on 127.0.0.1:%u", (unsigned)port);
	return service;
}

static unsigned service_port(struct MHD_Daemon *service)
{
	return MHD_get_daemon_info(service, MHD_DAEMON_INFO_BIND_PORT)->port;
}

static bool service_is_idle(struct MHD_Daemon *service)
{
	return MHD_get_daemon_info(service, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)->num_connections ==
	       0;
}

/* MHD_stop_daemon() joins the threads of all connections. One that is stuck in a query would keep it
 * for ever, so it is called only when there is none. */
static void service_stop(struct MHD_Daemon *service)
{
	const struct timespec millisecond = {0, 1000000};
	int listening = MHD_quiesce_daemon(service);
	for (int i = 0; i < DRAIN_ATTEMPTS && !service_is_idle(service); i++)
		nanosleep(&millisecond, NULL);
	if (service_is_idle(service))
		MHD_stop_daemon(service);
	close(listening);
}

/* Leaked queries keep two descriptors each. */
static void descriptors_allow_most(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* --- the command line ------------------------------------------------------------------------- */

static void help(void)
{
	puts("usage: leakserver [-port=N] [-fix=NAME,...|all]\n"
	     "Serves HTTP on 127.0.0.1, with faults that leak threads.\n"
	     "\n"
	     "  -port=N      port to listen on; 0 takes a free one (0)\n"
	     "  -fix=NAMES   the faults to fix, with commas, or all (none):");
	for (size_t i = 0; i < FAULTS; i++)
		printf("                 %-12s %-8s %s\n", faults[i]->name, faults[i]->path,
			faults[i]->about);
	puts("  -help        this text\n"
	     "\n"
	     "One dash or two; a value after = or as the next argument. Prints \"listening on\n"
	     "127.0.0.1:PORT\" when it is ready. SIGTERM stops it with exit code 0, also with "
	     "leaked\n"
	     "threads. Exit code 2 for unusable arguments.");
}

static void fix_one(const char *name)
{
	bool all = strcmp(name, "all") == 0, found = all;
	for (size_t i = 0; i < FAULTS; i++) {
		bool named = strcmp(name, faults[i]->name) == 0;
		fixed[i] |= all || named;
		found |= named;
	}
	if (!found)
		flag_refuse("fix", name, "the name of a fault, or all; see -help");
}

static void fix_each(char *names)
{
	if (!*names)
		return;
	for (char *name; (name = strsep(&names, ","));)
		fix_one(name);
}

static uint16_t options_read(int argc, char **argv)
{
	static const struct option flags[] = {
		{"port", required_argument, NULL, 'p'},
		{"fix", required_argument, NULL, 'f'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	uint16_t port = 0;
	for (int flag; (flag = getopt_long_only(argc, argv, "", flags, NULL)) != -1;) {
		switch (flag) {
		case 'p':
			port = (uint16_t)flag_number("port", optarg, 0, UINT16_MAX);
			break;
		case 'f':
			fix_each(optarg);
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
	return port;
}

int main(int argc, char **argv)
{
	uint16_t port = options_read(argc, argv);
	sigset_t term;
	int caught;

	/* Before any thread exists, so that all inherit it and only main sees the signal. */
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	descriptors_allow_most();

	struct MHD_Daemon *service = service_start(port);
	printf("listening on 127.0.0.1:%u\n", service_port(service));
	sigwait(&term, &caught);
	service_stop(service);
	return EXIT_SUCCESS;
}
