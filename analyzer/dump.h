/*
 * dump.h - a dump in memory: the records of docs/dump-format.md, as the reader found them.
 *
 * What a dump does not say is never 0 or "": a number is a struct measured whose known is false, a
 * text is NULL, a list is empty with its has_ flag false. Nothing changes after reader_read().
 */
#ifndef LEAKWATCH_DUMP_H
#define LEAKWATCH_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct measured {
	uint64_t value; /* 0 where not known */
	bool known;
};

/* Addresses as they are in the dump: return addresses, innermost first. place.h looks them up. */
struct stack {
	const uint64_t *address;
	unsigned depth; /* 0: no readable stack */
};

/* Each record opens with the line of the dump that it was read from, for messages. */

struct dump_group {
	unsigned line;
	struct measured number; /* from 1, without a gap: groups[number - 1] */
	struct measured count;
	const char *wait; /* the word; one of waits.def, or a newer shim's */
	struct measured timed;
	const char *source;
	struct measured guessed; /* index of the first guessed frame */
	struct measured partial;
	struct stack stack;
};

struct dump_creator {
	unsigned line;
	struct measured id;
	const char *kind;
	struct measured made, gone;
	struct stack stack;
};

struct dump_thread {
	unsigned line;
	struct measured id, tid;
	struct measured group, since_ns;
	const char *object;
	struct measured waits;
	struct measured stable_ns;
	struct measured creator;
	struct measured start; /* address of the start routine itself, not a return address */
	struct measured detached;
	struct measured stack_bytes; /* of the mapping */
	struct measured sleep_ns; /* how long its sleep is to last */
	const char *name;
	const char *scope; /* of leakwatch.h, in which it was made; NULL: in none */
	struct measured ignored; /* 1: the program said that it is to be */
	const struct dump_creator *created_by; /* NULL: not known */
	const struct dump_fd
		*fd; /* what its object is, of a wait on descriptors; NULL: not known */
	const struct dump_proof *proof; /* NULL: none was asked for, or it is no candidate */
};

struct dump_timer {
	unsigned line;
	struct measured id;
	const char *kind;
	struct measured creator;
	const char *object;
	struct measured since_ns, period_ns, overruns;
	const char *clock, *notify;
	struct measured server; /* tid of the thread that is notified */
	const char *scope;
	const struct dump_creator *created_by;
};

struct dump_unjoined {
	unsigned line;
	struct measured id, tid, creator, start, since_ns, stack_bytes;
	const char *name, *scope;
	struct measured ignored;
	const struct dump_creator *created_by;
};

/* Who last woke an object that a thread waits on. */
struct dump_waker {
	unsigned line;
	const char *object;
	struct measured thread; /* its id */
	struct measured place; /* a return address */
	struct measured count; /* 0: never woken by a call that the shim sees */
	struct measured since_ns;
	struct measured alive;
	struct measured sole; /* 1: the same thread made all the wakes */
};

/* Who owns a lock that a thread waits for. */
struct dump_owner {
	unsigned line;
	const char *object;
	const char *kind;
	struct measured owner_tid; /* 0: nobody */
	struct measured owner; /* its id */
	struct measured alive;
	struct measured readers;
};

/* A descriptor that a thread waits on, or a set of them. */
struct dump_fd {
	unsigned line;
	const char *object;
	const char *kind;
	struct measured inode;
	const char *state;
	struct measured value; /* a count or a period: see docs/dump-format.md */
	struct measured unread, unsent; /* of a socket */
	const char *local, *remote;
	const char *other, *members; /* numbers with commas; other may be "none" */
};

/* A place in which a pointer stands: of a chain. */
struct dump_link {
	const char *word; /* one of links.def, or a newer shim's */
	struct measured thread; /* its id */
	struct measured code; /* a return address into the function whose frame it is */
	struct measured address; /* of the place; of the heap: of the block */
	struct measured offset; /* into the block */
	struct measured fd;
};

struct chain {
	const struct dump_link *links; /* from the root to the object */
	size_t count;
};

/* Whether what a thread waits for can still be reached. */
struct dump_proof {
	unsigned line;
	struct measured thread; /* its id */
	const char *verdict; /* DUMP_UNREACHABLE and so on, or a newer shim's word */
	const char *reasons; /* words of reasons.def with commas */
	const char *chain_text;
	struct chain chain; /* the same, read */
	const struct dump_thread *of; /* NULL: it is not in the dump */
};

struct dump_loss {
	unsigned line;
	const char *cause;
	struct measured count;
};

struct dump_module {
	unsigned line;
	struct measured start, end, bias;
	const char *build_id; /* lower-case hexadecimal digits */
	const char *path;
};

struct dump {
	const char *file; /* the name it was read from */

	struct measured pid, start_ticks, start_ns;
	const char *exe, *comm;
	const char *arch, *glibc;
	struct measured sequence, time_ns, uptime_ns, tick_ns, took_ns;
	struct measured exiting_tid; /* the thread that ends the process */
	const char *reason, *shim;
	struct measured proof_pictures, proof_took_ns, proof_stall_ns, proof_scanned_bytes;

	/* From the header; the lists below may say less where a shim could not say more. */
	struct measured threads_total, blocked, running, unjoined_total, timers_total;
	struct measured started, exited;

	/* How many threads there may be: see docs/dump-format.md, limits. */
	struct measured limit_nproc, limit_threads_max, limit_pid_max;
	struct measured limit_pids_max, limit_pids_current, limit_map_count_max;

	struct dump_group *groups;
	size_t group_count;
	struct dump_thread *threads;
	size_t thread_count;
	struct dump_creator *creators; /* by id */
	size_t creator_count;
	struct dump_timer *timers;
	size_t timer_count;
	struct dump_unjoined *unjoined;
	size_t unjoined_count;
	struct dump_waker *wakers;
	size_t waker_count;
	struct dump_owner *owners;
	size_t owner_count;
	struct dump_fd *fds; /* by object */
	size_t fd_count;
	struct dump_proof *proofs; /* by thread */
	size_t proof_count;
	struct dump_loss *losses;
	size_t loss_count;
	struct dump_module *modules; /* by start */
	size_t module_count;
	bool has_threads, has_timers, has_unjoined, has_wakers, has_owners, has_proof, has_losses;

	const char *map; /* the lines of the memory map; NULL: there is none */
	size_t map_bytes;

	struct pool *pool; /* all of the above */
};

#endif
