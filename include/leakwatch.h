/*
 * leakwatch.h - what a program can say to libleakwatch.so, and ask of it. See leakwatch(3).
 *
 * Nothing has to be linked: the functions look for the library when they are called. Without it, in a program that is
 * not run by leakwatch or is linked statically, they do nothing, and those that answer say "not measured".
 *
 * None of them allocates from the heap, changes errno, or is a point of cancellation.
 */
#ifndef LEAKWATCH_H
#define LEAKWATCH_H

#define LEAKWATCH_NOT_MEASURED (-1)

/*
 * Where a function of the library is, NULL if it is not there. A weak reference says just that, but linkers settle it
 * to NULL for good in programs that are not position independent, unless it goes by way of the global offset table.
 */
#ifdef __x86_64__
#define LEAKWATCH_FIND(name, type)                                                                 \
	(__extension__({                                                                           \
		type *leakwatch_found_;                                                            \
		__asm__(".weak " #name "\n\tmovq " #name "@GOTPCREL(%%rip), %0"                    \
			: "=r"(leakwatch_found_));                                                 \
		leakwatch_found_;                                                                  \
	}))
#else
#define LEAKWATCH_FIND(name, type) ((type *)0) /* there is no library for other machines */
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef int leakwatch_answer_(void);
typedef int leakwatch_answer_to_number_(unsigned number);
typedef void leakwatch_call_(void);
typedef void leakwatch_call_with_text_(const char *text);

/*
 * Takes a dump now, beside those by time, where leakwatch report finds it. Waits until it is stored, ten seconds at most;
 * starts the library's helper thread in a process that has none yet. 0, or LEAKWATCH_NOT_MEASURED if no dump
 * could be had. Not in signal handlers, nor in the child of a vfork().
 */
static __inline__ int leakwatch_dump(void)
{
	leakwatch_answer_ *dump = LEAKWATCH_FIND(leakwatch_api_dump, leakwatch_answer_);
	return dump ? dump() : LEAKWATCH_NOT_MEASURED;
}

/*
 * For tests, at a place where nothing should be left: how many threads and timers are, that were made in the scope
 * that the calling thread is in, and in scopes within it; without a scope, in the process. Threads that have finished
 * and were not joined count; the main thread, the caller, and those that are ignored do not, nor do those whose
 * creation the library could not see. They are given grace_ms to end in; the call returns as soon as none is left. If
 * some are, it takes a dump, in which leakwatch report shows them with their scopes.
 *
 * Their number, 0, or LEAKWATCH_NOT_MEASURED. Otherwise like leakwatch_dump().
 */
static __inline__ int leakwatch_check(unsigned grace_ms)
{
	leakwatch_answer_to_number_ *check =
		LEAKWATCH_FIND(leakwatch_api_check, leakwatch_answer_to_number_);
	return check ? check(grace_ms) : LEAKWATCH_NOT_MEASURED;
}

/*
 * The calling thread is meant to stay: it is not counted, gets no verdict and fails no run. Async-signal-safe.
 */
static __inline__ void leakwatch_ignore_thread(void)
{
	leakwatch_call_ *ignore = LEAKWATCH_FIND(leakwatch_api_ignore_thread, leakwatch_call_);
	if (ignore)
		ignore();
}

/*
 * A scope has a name: of a test, of a kind of request. Threads and timers that are made while the calling thread is in
 * one belong to it, and so do those that such threads make in their turn. Dumps say which, so that of
 * several at work in one process the right one is blamed. Scopes within each other are named outer/inner; the name is copied, and
 * cut after 127 bytes. Begin and end it in the same thread. It is meant for some hundred names: after 1,000 different
 * ones, new ones are counted as lost, and what is made in them belongs to the scope around them. Not in signal handlers.
 */
static __inline__ void leakwatch_scope_begin(const char *name)
{
	leakwatch_call_with_text_ *begin =
		LEAKWATCH_FIND(leakwatch_api_scope_begin, leakwatch_call_with_text_);
	if (begin)
		begin(name);
}

static __inline__ void leakwatch_scope_end(void)
{
	leakwatch_call_ *end = LEAKWATCH_FIND(leakwatch_api_scope_end, leakwatch_call_);
	if (end)
		end();
}

#ifdef __cplusplus
}
#endif

#endif
