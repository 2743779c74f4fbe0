/*
 * watcher.c - the helper thread: when it starts, what it does when, how it ends.
 *
 * It ends with the process, or when no thread of the host is left. Until then it sleeps in ppoll() and
 * wakes for a tick, for the interval, or for a client. Everything behind it (snapshot.c, writer.c, store.c,
 * control.c) belongs to this thread.
 */
#include "preload/watcher.h"
#include "preload/alive.h"
#include "preload/config.h"
#include "preload/control.h"
#include "preload/descriptors.h"
#include "preload/errand.h"
#include "preload/outlive.h"
#include "preload/peek.h"
#include "preload/prover.h"
#include "preload/real.h"
#include "preload/scheduling.h"
#include "preload/store.h"
#include "preload/sys.h"
#include "preload/tick.h"
#include "preload/tids.h"
#include "preload/unwind.h"
#include "preload/writer.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>

#define STACK_BYTES	((size_t)256 << 10)
#define STACK_BYTES_MAX ((size_t)256 << 20)
#define LIBUNWIND_MS	300 /* that a dump waits for libunwind to be opened */
#define KEPT_TEXT_BYTES ((size_t)2 << 20)
#define MILLISECOND_NS	1000000u
#define PAUSE_NS_MOST	(50u * MILLISECOND_NS) /* before a proof hears that the process ends */
#define PAUSE_MS_MOST	64 /* between two looks at who is alive at exit */
#define PICTURE_TICKS	2 /* between the two pictures of a proof */
#define EXIT_WAIT_S	2 /* for the last dump */

static _Atomic bool started, ended;
static _Atomic bool allowed, asked; /* see watcher_allow() */
static _Atomic bool finishing; /* the process is about to end */

static struct {
	struct proc_self self;
	struct text text;
	uint64_t sequence;
	bool last; /* the dump that is being taken is the one at exit */
	uint64_t next_tick_ns, next_dump_ns; /* CLOCK_MONOTONIC; UINT64_MAX: never */
	int listener;
} watcher;

/* --- threads of ours -------------------------------------------------------------------------------- */

/* All signals but three. Two glibc keeps for itself, the kernel's first two of real time: by the second, every thread
 * takes part in setuid(). By SIGSYS a filter of system calls has a handler of the host's answer what it forbids; in a
 * thread that blocks it, the kernel ends the process. */
static uint64_t signals_most(void)
{
	return ~((uint64_t)3 << 31 | (uint64_t)1 << (SIGSYS - 1));
}

static int thread_create(void *(*start)(void *), size_t stack_bytes)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int error = pthread_attr_init(&attributes);
	if (error)
		return error;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, stack_bytes);
	error = REAL(pthread_create)(&thread, &attributes, start, NULL);
	pthread_attr_destroy(&attributes);
	return error;
}

static bool thread_spawn(void *(*start)(void *))
{
	uint64_t all = signals_most(), before;
	int host_errno = errno, error = EINVAL;
	sys_call4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&before, sizeof all);
	/* The stack holds the thread-local variables of the program, which may be larger than itself: glibc
	 * refuses it then. */
	for (size_t bytes = STACK_BYTES; error == EINVAL && bytes <= STACK_BYTES_MAX; bytes *= 4)
		error = thread_create(start, bytes);
	sys_call4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, sizeof before);
	errno = host_errno;
	if (error)
		return false;
	outlive_uncount();
	return true;
}

/* Before anything of ours runs in it: no slot, a name, no priority. */
static void thread_enter(void)
{
	slot_self = SLOT_NONE;
	tids_exclude(sys_gettid());
	sys_call2(SYS_prctl, PR_SET_NAME, (long)"leakwatch");
	scheduling_plain();
}

/* --- libunwind, when a stack needs it --------------------------------------------------------------- */

static bool fetched; /* or tried to */

static void libunwind_open(void)
{
	unwind_open();
}

/* True if it is there now and was not before. A host thread may hold the loader's lock, or the allocator's, for
 * ever: the watcher must go on then. */
static bool libunwind_fetch(void)
{
	if (fetched)
		return false;
	fetched = true;
	return errand_run(libunwind_open, LIBUNWIND_MS) && unwind_ready();
}

static void sleep_ns(uint64_t ns)
{
	struct timespec time = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
	sys_call2(SYS_nanosleep, (long)&time, 0);
}

static void sleep_ms(unsigned ms)
{
	sleep_ns((uint64_t)ms * MILLISECOND_NS);
}

/* --- dumps ------------------------------------------------------------------------------------------- */

static const struct snapshot *snapshot_whole(void)
{
	peek_choose();
	const struct snapshot *snapshot = snapshot_take();
	if (unwind_wanted() && libunwind_fetch())
		snapshot = snapshot_take();
	return snapshot;
}

static void tick_at(uint64_t now_ns)
{
	tick();
	watcher.next_tick_ns = now_ns + config.tick_ns;
}

/* While a proof is made: ticks, if it is time; a proof that began before the process was about to end ends. */
static bool proof_pause(uint64_t ns)
{
	uint64_t now_ns = sys_clock_ns(CLOCK_MONOTONIC), end_ns = now_ns + ns;
	if (watcher.next_tick_ns < end_ns)
		end_ns = watcher.next_tick_ns;
	if (end_ns > now_ns)
		sleep_ns(end_ns - now_ns < PAUSE_NS_MOST ? end_ns - now_ns : PAUSE_NS_MOST);
	now_ns = sys_clock_ns(CLOCK_MONOTONIC);
	if (now_ns >= watcher.next_tick_ns)
		tick_at(now_ns);
	return watcher.last || !atomic_load(&finishing);
}

static const struct text *dump_take(const char *reason, bool proves, char *path)
{
	struct proving proving;
	watcher.last = strcmp(reason, "exit") == 0;
	if (proves)
		proving = prove(proof_pause, PICTURE_TICKS * config.tick_ns, config.prove_limit_ns);
	struct dump_facts facts = {
		.self = &watcher.self,
		.sequence = ++watcher.sequence,
		.time_ns = sys_clock_ns(CLOCK_REALTIME),
		.began_ns = sys_clock_ns(CLOCK_MONOTONIC),
		.tick_ns = config.tick_ns,
		.reason = reason,
	};
	facts.uptime_ns =
		facts.time_ns > watcher.self.start_ns ? facts.time_ns - watcher.self.start_ns : 0;
	limits_read(&facts.limits);
	text_clear(&watcher.text);
	const struct snapshot *snapshot = snapshot_whole();
	if (proves) {
		proving_confirm(&proving);
		facts.proving = &proving;
	}
	dump_write(&watcher.text, snapshot, &facts);
	*path = '\0';
	if (watcher.text.failed) {
		store_unwritten++;
		return NULL;
	}
	if (store_dump(&watcher.text, facts.sequence, path) < 0)
		*path = '\0';
	return &watcher.text;
}

static void dump_by_interval(void)
{
	char path[STORE_PATH_BYTES];
	bool proves = config.prove_every && (watcher.sequence + 1) % config.prove_every == 0;
	dump_take("interval", proves, path);
	if (watcher.text.room > KEPT_TEXT_BYTES)
		text_free(&watcher.text);
}

static void status_put(struct text *answer)
{
	peek_choose();
	struct snapshot_status status = snapshot_status();
	const struct {
		const char *key;
		uint64_t value;
	} numbers[] = {
		{" pid=", (uint64_t)watcher.self.pid},
		{" start_ticks=", watcher.self.start_ticks},
		{" threads=", status.threads},
		{" blocked=", status.blocked},
		{" oldest_ns=", status.oldest_ns},
		{" dumps=", watcher.sequence},
		{" interval_ns=", config.interval_ns},
	};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		text_put(answer, numbers[i].key);
		text_put_u64(answer, numbers[i].value);
	}
	text_put(answer, " comm=");
	text_put_percent(answer, watcher.self.name);
}

static uint64_t left_count(uint32_t scope, int but_tid)
{
	peek_choose();
	return alive_count(snapshot_take(), scope ? scope_at(scope - 1) : NULL, but_tid);
}

static const struct control_service service = {dump_take, status_put, left_count};

/* --- the loop ---------------------------------------------------------------------------------------- */

static void watcher_sleep(uint64_t until_ns)
{
	uint64_t now_ns = sys_clock_ns(CLOCK_MONOTONIC);
	uint64_t left_ns = until_ns > now_ns ? until_ns - now_ns : 0;
	struct timespec limit = {(time_t)(left_ns / 1000000000u), (long)(left_ns % 1000000000u)};
	struct pollfd poll = {.fd = watcher.listener, .events = POLLIN};
	long ready = sys_call6(SYS_ppoll, (long)&poll, 1, (long)&limit, 0, 0, 0);
	if (ready > 0)
		control_serve(watcher.listener, &service);
}

static void control_keep(void)
{
	if (!control_gone())
		return;
	sys_close(watcher.listener);
	store_forget();
	watcher.listener = control_open(watcher.self.pid);
}

static void watcher_loop(void)
{
	for (;;) {
		errand_relieve();
		uint64_t next = watcher.next_tick_ns < watcher.next_dump_ns ? watcher.next_tick_ns
									    : watcher.next_dump_ns;
		watcher_sleep(next);
		uint64_t now_ns = sys_clock_ns(CLOCK_MONOTONIC);
		if (now_ns >= watcher.next_tick_ns) {
			if (outlive_host_gone())
				return;
			tick_at(now_ns);
			control_keep();
		}
		if (now_ns >= watcher.next_dump_ns) {
			dump_by_interval();
			watcher.next_dump_ns = now_ns + config.interval_ns;
		}
	}
}

static void watcher_open(void)
{
	peek_open();
	snapshot_open();
	proc_self_read(&watcher.self);
	store_begin(watcher.self.name, watcher.self.pid, watcher.self.start_ticks);
	watcher.listener = control_open(watcher.self.pid);
	uint64_t now_ns = sys_clock_ns(CLOCK_MONOTONIC);
	watcher.next_tick_ns = now_ns + config.tick_ns;
	watcher.next_dump_ns = config.interval_ns ? now_ns + config.interval_ns : UINT64_MAX;
}

static void *watcher_run(void *unused)
{
	thread_enter();
	if (descriptors_own()) {
		watcher_open();
		watcher_loop();
	}
	control_close();
	atomic_store(&ended, true);
	errand_end();
	outlive_end();
	return unused;
}

void watcher_start(void)
{
	if (atomic_load_explicit(&started, memory_order_relaxed) || config.off)
		return;
	atomic_store(&asked, true);
	if (!atomic_load(&allowed) || atomic_exchange(&started, true))
		return;
	if (!thread_spawn(watcher_run))
		atomic_store(&started, false);
}

void watcher_allow(void)
{
	atomic_store(&allowed, true);
	if (atomic_load(&asked))
		watcher_start();
}

void watcher_forget(void)
{
	atomic_store(&started, false);
	atomic_store(&ended, false);
	memset(&watcher, 0, sizeof watcher);
	fetched = unwind_ready() || unwind_failed();
	errand_forget();
	control_forget();
	prover_forget();
	atomic_store(&finishing, false);
}

void watcher_before_fork(void)
{
	static _Atomic bool in_vain;
	/* Once: a loader's lock that is held for ever must not make every fork slow. */
	if (!atomic_load(&in_vain) && !errand_await(LIBUNWIND_MS))
		atomic_store(&in_vain, true);
}

/* One that has not begun yet, whose slot has no tid, will. */
static bool others_live(void)
{
	int self = sys_gettid();
	for (uint32_t i = 0; i < slots_end(); i++) {
		const struct slot *slot = slot_at(i);
		if (slot && (slot->flags & (SLOT_USED | SLOT_EXITED)) == SLOT_USED &&
			slot->tid != self && slot->id != 1 && !slot->ignored)
			return true;
	}
	return false;
}

/* In a test: threads that were told to end need a moment to do so. In pauses that grow, and only while there
 * is anybody to wait for. */
static void others_await(uint64_t grace_ns)
{
	uint64_t end_ns = sys_clock_ns(CLOCK_MONOTONIC) + grace_ns;
	for (unsigned pause_ms = 1; others_live() && sys_clock_ns(CLOCK_MONOTONIC) < end_ns;
		pause_ms += pause_ms < PAUSE_MS_MOST ? pause_ms : 0)
		sleep_ms(pause_ms);
}

/* Long enough for a proof, if there is to be one. */
static unsigned exit_wait_s(void)
{
	uint64_t proof_ns = 2 * config.prove_limit_ns + 2 * PICTURE_TICKS * config.tick_ns;
	return EXIT_WAIT_S + (config.prove_exit ? (unsigned)(proof_ns / 1000000000u) : 0);
}

void watcher_finish(void)
{
	if (!atomic_load(&started) || atomic_load(&ended))
		return;
	atomic_store(&finishing, true);
	if (config.at_exit) {
		if (config.exit_grace_ns)
			others_await(config.exit_grace_ns);
		snapshot_exiting(sys_gettid());
		control_request_exit_dump(exit_wait_s());
	}
	control_close();
}
