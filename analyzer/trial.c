/*
 * trial.c - a directory, a child, its dumps, their verdicts.
 *
 * What a process says is its dump at exit, with its older dumps as history. One that was killed, or left by
 * _exit(), has none, and is told of; one without threads has no dumps at all and cannot have leaked any.
 */
#include "analyzer/trial.h"
#include "analyzer/commands.h"
#include "analyzer/directory.h"
#include "analyzer/dumps.h"
#include "analyzer/judge.h"
#include "analyzer/say.h"
#include "analyzer/stragglers.h"
#include "analyzer/utf8.h"
#include "analyzer/verdicts.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define GRACE_SECONDS "1" /* that threads have to end in, once main has returned */
#define OUTLIVE_MS    3000 /* that processes have to end in, once the program has */
#define SIGNAL_EXIT   128

/* What became of the run. */
struct outcome {
	bool failed; /* there are leaks */
	bool kept; /* the directory is still of use, to a process or to a person */
};

static int complain(struct complaint *complaint, const char *attempt, const char *what)
{
	snprintf(complaint->words, COMPLAINT_BYTES, "run: cannot %s %.200s: %s", attempt, what,
		strerror(errno));
	return -1;
}

/* --- the directory -------------------------------------------------------------------------------- */

/* NULL with a complaint. The path is the caller's. */
static char *directory_make(struct complaint *complaint)
{
	const char *parent = getenv("TMPDIR");
	char *path;
	if (!parent || *parent != '/')
		parent = "/tmp";
	if (asprintf(&path, "%s/leakwatch-run.XXXXXX", parent) < 0)
		path = NULL;
	if (path && mkdtemp(path))
		return path;
	complain(complaint, "make a directory in", parent);
	free(path);
	return NULL;
}

static int environment_prepare(const char *path, struct complaint *complaint)
{
	if (setenv("LEAKWATCH_DIR", path, 1) || setenv("LEAKWATCH_AT_EXIT", "1", 1) ||
		setenv("LEAKWATCH_PROVE_EXIT", "1", 1) ||
		setenv("LEAKWATCH_EXIT_GRACE", GRACE_SECONDS, 0))
		return complain(complaint, "set", "the environment");
	return 0;
}

static void directory_remove(const char *path)
{
	struct directory directory;
	if (!directory_open(path, &directory)) {
		directory_clear(&directory);
		directory_close(&directory);
	}
	if (rmdir(path) < 0)
		warn("run: cannot remove %s: %s", path, strerror(errno));
}

/* --- the child ------------------------------------------------------------------------------------ */

static volatile sig_atomic_t child;

static void pass_on(int signal)
{
	int saved = errno;
	if (child > 0)
		kill((pid_t)child, signal);
	errno = saved;
}

/* The terminal sends these to the whole foreground group, so the child has them already: the parent must only
 * outlive it. Those that a person or a service manager sends to the parent alone go on. */
static void signals_prepare(void)
{
	static const int passed[] = {SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};
	struct sigaction action = {.sa_handler = pass_on, .sa_flags = SA_RESTART};
	for (size_t i = 0; i < sizeof(passed) / sizeof(*passed); i++)
		sigaction(passed[i], &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGQUIT, &action, NULL);
}

_Noreturn static void become(const char *program, char **arguments)
{
	execv(program, arguments);
	warn("run: cannot execute %s: %s", program, strerror(errno));
	_exit(EXIT_UNUSABLE);
}

static int child_run(const char *program, char **arguments, int *code, struct complaint *complaint)
{
	int status;
	pid_t pid = fork();
	if (pid < 0)
		return complain(complaint, "start", program);
	if (!pid)
		become(program, arguments);
	child = pid;
	signals_prepare();
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return complain(complaint, "wait for", program);
	child = 0;
	*code = WIFSIGNALED(status) ? SIGNAL_EXIT + WTERMSIG(status) : WEXITSTATUS(status);
	return 0;
}

/* --- the verdicts --------------------------------------------------------------------------------- */

static bool fails(const struct trial *trial, const struct finding *finding)
{
	return !strcmp(finding->certainty, CERTAINTY_PROVEN) ||
	       (trial->likely && !strcmp(finding->certainty, CERTAINTY_LIKELY));
}

static void process_print(const struct report *report)
{
	const struct dump *dump = report->dump;
	const char *exe = dump->exe ? utf8_printable(report->tracer.pool, dump->exe) : "a program";
	fprintf(stderr, "# %s, process %lu, at exit\n", exe, (unsigned long)dump->pid.value);
}

static bool dumps_fail(
	const struct trial *trial, struct symbols *symbols, const struct dumps *dumps)
{
	struct report report = {.thresholds = trial->thresholds,
		.suppressions = trial->suppressions,
		.exit_counts = true};
	bool failed = false;
	report_fill(&report, dumps, symbols);
	judge_report(&report);
	for (size_t i = 0; i < report.findings.count; i++)
		failed = failed || fails(trial, report.findings.list[i]);
	if (failed) {
		process_print(&report);
		verdicts_print(&report, stderr);
		fprintf(stderr, "\n");
	}
	report_clear(&report);
	return failed;
}

static bool is_of(const struct dump *dump, const char *reason)
{
	return dump->reason && !strcmp(dump->reason, reason);
}

/* Leaves the dump at exit the newest: a program with the same name, which the process was before an exec, may have
 * taken more of them. False if there is none. */
static bool exit_is_last(struct dumps *dumps)
{
	size_t count = dumps->count;
	while (count && !is_of(dumps->list[count - 1], "exit"))
		count--;
	if (!count)
		return false;
	while (dumps->count > count)
		dump_free(dumps->list[--dumps->count]);
	return true;
}

/* The process ended without a dump at exit. What a check of its own found is all that is known of it. */
static bool unjudged_tell(const struct dumps *dumps, const struct directory_dump *first)
{
	bool checked = false;
	for (size_t i = 0; i < dumps->count; i++)
		checked = checked || is_of(dumps->list[i], "check");
	warn("run: process %d (%s) ended without a dump at exit: not judged", (int)first->pid,
		first->comm);
	return checked;
}

/* The dumps of one process, which are list[0] to list[count - 1]. */
static void process_judge(const struct trial *trial, struct symbols *symbols,
	const struct directory *directory, const struct directory_dump *list, size_t count,
	struct outcome *outcome)
{
	struct dumps dumps = {.count = 0};
	struct complaint complaint;
	for (size_t i = 0; i < count; i++) {
		char path[PATH_MAX];
		if (directory_file_path(directory, list[i].name, path) ||
			dumps_add_named(&dumps, path, &complaint))
			warn("run: a dump of process %d cannot be used", (int)list[i].pid);
	}
	if (!dumps.count || dumps_sort(&dumps, &complaint))
		return;
	if (exit_is_last(&dumps))
		outcome->failed |= dumps_fail(trial, symbols, &dumps);
	else
		outcome->kept |= unjudged_tell(&dumps, list);
	dumps_free(&dumps);
}

static void list_judge(const struct trial *trial, const struct directory *directory,
	const struct directory_dumps *list, struct outcome *outcome)
{
	struct symbols *symbols = symbols_new(symbols_dwfl_open(false));
	for (size_t at = 0, end; at < list->count; at = end) {
		const struct directory_dump *first = &list->dumps[at];
		for (end = at + 1; end < list->count; end++)
			if (!directory_dump_same_process(&list->dumps[end], first))
				break;
		process_judge(trial, symbols, directory, first, end - at, outcome);
	}
	symbols_free(symbols);
}

static bool has_dump(const struct directory_dumps *list, pid_t pid)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->dumps[i].pid == pid)
			return true;
	return false;
}

/* A process takes its socket away when it exits. One that could not, and took no dump either, had threads. Those that
 * still run have been told of. */
static void silent_tell(const struct directory *directory, const struct directory_dumps *list)
{
	struct directory_sockets sockets;
	if (directory_sockets_list(directory, &sockets))
		return;
	for (size_t i = 0; i < sockets.count; i++)
		if (!has_dump(list, sockets.pids[i]))
			warn("run: process %d ended without a dump at exit: not judged",
				(int)sockets.pids[i]);
	directory_sockets_free(&sockets);
}

static int dumps_judge(const struct trial *trial, const char *path, struct outcome *outcome,
	struct complaint *complaint)
{
	struct directory directory;
	struct directory_dumps list;
	if (directory_open(path, &directory))
		return complain(complaint, "open", path);
	outcome->kept = stragglers_await(&directory, OUTLIVE_MS) > 0;
	if (directory_dumps_list(&directory, &list)) {
		directory_close(&directory);
		return complain(complaint, "list", path);
	}
	if (!outcome->kept)
		silent_tell(&directory, &list);
	list_judge(trial, &directory, &list, outcome);
	directory_dumps_free(&list);
	directory_close(&directory);
	return 0;
}

static int directory_run(const struct trial *trial, const char *path, const char *program,
	char **arguments, int *code, struct outcome *outcome, struct complaint *complaint)
{
	if (environment_prepare(path, complaint) ||
		child_run(program, arguments, code, complaint) ||
		dumps_judge(trial, path, outcome, complaint))
		return -1;
	suppressions_review(trial->suppressions, "run");
	if (!*code && outcome->failed)
		*code = EXIT_LEAKS;
	return 0;
}

int trial_run(const struct trial *trial, const char *program, char **arguments, int *code,
	struct complaint *complaint)
{
	char *path = directory_make(complaint);
	if (!path)
		return -1;
	struct outcome outcome = {.failed = false};
	int result = directory_run(trial, path, program, arguments, code, &outcome, complaint);
	if (outcome.kept)
		warn("run: %s is kept", path);
	else
		directory_remove(path);
	free(path);
	return result;
}
