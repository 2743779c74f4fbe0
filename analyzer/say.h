/*
 * say.h - what the analyzer says to the person: "leakwatch: ..." on stderr.
 */
#ifndef LEAKWATCH_SAY_H
#define LEAKWATCH_SAY_H

/* Says the line and exits with EXIT_UNUSABLE. For main.c and cmd_*.c only. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says the line and goes on. */
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says where an invariant of ours broke, and aborts. */
#define bug(...) bug_at(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void bug_at(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
