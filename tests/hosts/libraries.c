/*
 * libraries.c - a service that uses a library of Debian's, and forgets what the library's manual asks for.
 *
 *	libraries MODE PORT [fixed]
 *
 * Every STEP_MS there is one request more, STEPS of them. The libraries are opened at run time, so that nothing but
 * their run-time packages is needed; exit code 77 where one is missing. The peer of the clients listens on PORT, of
 * the loopback. "ready" is printed once all requests were made; SIGTERM ends the program.
 *
 *	mosquitto   a connection to a broker for each request, whose thread is never stopped
 *	curl        a thread for each request that fetches a page without a deadline
 *	microhttpd  a daemon with a thread for each connection, on PORT, and clients that say nothing
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define STEP_MS 60
#define STEPS	45
#define MISSING 77

static int port;
static bool fixed;

static void sleep_ms(unsigned ms)
{
	struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};
	while (nanosleep(&time, &time) != 0 && errno == EINTR)
		;
}

static void *library_open(const char *name)
{
	void *library = dlopen(name, RTLD_NOW);
	if (!library)
		exit(MISSING);
	return library;
}

static void *function(void *library, const char *name)
{
	void *found = dlsym(library, name);
	if (!found)
		exit(MISSING);
	return found;
}

/* --- mosquitto ---------------------------------------------------------------------------------------- */

static struct {
	int (*init)(void);
	void *(*make)(const char *id, bool clean, void *object);
	int (*connect)(void *handle, const char *host, int port, int keepalive);
	int (*loop_start)(void *handle);
	int (*disconnect)(void *handle);
	int (*loop_stop)(void *handle, bool force);
	void (*destroy)(void *handle);
} mosquitto;

static void mosquitto_open(void)
{
	void *library = library_open("libmosquitto.so.1");
	mosquitto.init = function(library, "mosquitto_lib_init");
	mosquitto.make = function(library, "mosquitto_new");
	mosquitto.connect = function(library, "mosquitto_connect");
	mosquitto.loop_start = function(library, "mosquitto_loop_start");
	mosquitto.disconnect = function(library, "mosquitto_disconnect");
	mosquitto.loop_stop = function(library, "mosquitto_loop_stop");
	mosquitto.destroy = function(library, "mosquitto_destroy");
	mosquitto.init();
}

static void publish_request(void)
{
	void *handle = mosquitto.make(NULL, true, NULL);
	if (mosquitto.connect(handle, "127.0.0.1", port, 60) != 0)
		abort();
	mosquitto.loop_start(handle);
	if (!fixed)
		return;
	sleep_ms(20);
	mosquitto.disconnect(handle);
	mosquitto.loop_stop(handle, false);
	mosquitto.destroy(handle);
}

/* --- curl --------------------------------------------------------------------------------------------- */

#define CURL_URL	10002
#define CURL_NOSIGNAL	99
#define CURL_TIMEOUT_MS 155

static struct {
	void *(*init)(void);
	int (*setopt)(void *handle, int option, ...);
	int (*perform)(void *handle);
	void (*cleanup)(void *handle);
} curl;

static void curl_open(void)
{
	void *library = library_open("libcurl.so.4");
	int (*global_init)(long flags) = function(library, "curl_global_init");
	curl.init = function(library, "curl_easy_init");
	curl.setopt = function(library, "curl_easy_setopt");
	curl.perform = function(library, "curl_easy_perform");
	curl.cleanup = function(library, "curl_easy_cleanup");
	global_init(3);
}

static void *page_fetch(void *unused)
{
	char url[64];
	void *handle = curl.init();
	snprintf(url, sizeof url, "http://127.0.0.1:%d/", port);
	curl.setopt(handle, CURL_URL, url);
	curl.setopt(handle, CURL_NOSIGNAL, 1l);
	if (fixed)
		curl.setopt(handle, CURL_TIMEOUT_MS, 100l);
	curl.perform(handle);
	curl.cleanup(handle);
	return unused;
}

static void page_request(void)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, page_fetch, NULL) != 0)
		abort();
	pthread_detach(thread);
}

/* --- microhttpd ----------------------------------------------------------------------------------------- */

#define MHD_THREADS	       (4 | 8) /* MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD */
#define MHD_CONNECTION_TIMEOUT 3
#define MHD_END		       0

static unsigned daemon_answer(void *context, void *connection, const char *url, const char *method,
	const char *version, const char *data, size_t *bytes, void **request)
{
	(void)context, (void)connection, (void)url, (void)method, (void)version, (void)data;
	(void)bytes, (void)request;
	return 0;
}

static void microhttpd_open(void)
{
	void *library = library_open("libmicrohttpd.so.12");
	void *(*start)(unsigned flags, uint16_t at, void *accept, void *accept_context,
		__typeof__(daemon_answer) *answer, void *context, ...) =
		function(library, "MHD_start_daemon");
	if (!start(MHD_THREADS, (uint16_t)port, NULL, NULL, daemon_answer, NULL,
		    fixed ? MHD_CONNECTION_TIMEOUT : MHD_END, 1u, MHD_END))
		abort();
}

static void silent_request(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
		abort();
}

/* --- the command line ------------------------------------------------------------------------------------- */

static const struct mode {
	const char *name;
	void (*open)(void), (*request)(void);
} modes[] = {
	{"mosquitto", mosquitto_open, publish_request},
	{"curl", curl_open, page_request},
	{"microhttpd", microhttpd_open, silent_request},
};

static void requests_make(const struct mode *mode)
{
	mode->open();
	for (int i = 0; i < STEPS; i++) {
		mode->request();
		sleep_ms(STEP_MS);
	}
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}

static void end(int signal)
{
	(void)signal;
	_exit(0);
}

int main(int argc, char **argv)
{
	signal(SIGTERM, end);
	port = argc > 2 ? atoi(argv[2]) : 0;
	fixed = argc > 3 && strcmp(argv[3], "fixed") == 0;
	for (size_t i = 0; argc > 2 && i < sizeof modes / sizeof *modes; i++)
		if (strcmp(argv[1], modes[i].name) == 0)
			requests_make(&modes[i]);
	fputs("usage: libraries MODE PORT [fixed]\n", stderr);
	return 2;
}
