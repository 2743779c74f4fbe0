/*
 * pattern.h - what all programs in tests/patterns/ share: how they run, and threads in one line.
 *
 *	NAME leak|fix
 *
 * Time is scaled: 0.2 s stand for the minute between two dumps of a service. A program defines `pattern`;
 * main() is in pattern.c. It starts the company, calls pattern.start once, has a thread "server" call
 * pattern.request every REQUEST_MS, and after RUN_MS ends by _exit(0), without regard to threads that hang.
 * So both calls may block for ever in the server, but pattern.start must return.
 */
#ifndef LEAKWATCH_PATTERN_H
#define LEAKWATCH_PATTERN_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RUN_MS	     4000
#define REQUEST_MS   50
#define REQUESTS_ALL 40 /* 2 s: then the program is settled */

struct pattern {
	void (*start)(bool leak); /* NULL: nothing to do before requests */
	void (*request)(bool leak); /* NULL: there are none */
	unsigned requests; /* how many; 0: REQUESTS_ALL */
	unsigned company; /* COMPANY_* of company.h, or-ed */
};
extern const struct pattern pattern;

/* A thread with a small stack. Failure ends the program, here and below. */
pthread_t thread_start(void *(*routine)(void *), void *argument);
void thread_start_detached(void *(*routine)(void *), void *argument);

void sleep_ms(unsigned ms);

/* Zeroed memory. */
void *memory_make(size_t bytes);

/* Ends the program with a message if a call that must succeed did not. */
void must(bool succeeded, const char *what);

/* An event that happens once. Whoever waits after it does not wait. */
struct gate {
	pthread_mutex_t mutex;
	pthread_cond_t opened;
	bool is_open;
};
#define GATE_CLOSED                                                                                \
	{                                                                                          \
		PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false                         \
	}
struct gate *gate_make(void);
void gate_open(struct gate *gate);
void gate_await(struct gate *gate);

#ifdef __cplusplus
}
#endif

#endif
